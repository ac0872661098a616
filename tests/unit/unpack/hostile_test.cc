// Archives made to reach outside, or to exhaust what unpacks them.
#include <sys/mount.h>

#include "tests/unit/unpack/support.h"

using namespace unpack_test;

namespace {

// Each must be refused, naming `named`, and leave everything outside alone; with and without openat2.
void check_refused(const std::string& bytes, const std::string& named) {
  CAPTURE(named);
  Target target;
  const auto unpacked = target.unpack(bytes);
  REQUIRE(!unpacked.ok());
  CHECK(unpacked.error().code == Code::kInvalid);
  CHECK_MESSAGE(contains(unpacked.error().text, named), unpacked.error().text);
  CHECK(target.outside_is_untouched());
  Target again;
  const std::string text = in_child([&]() -> std::string {
    if (!forbid({{SYS_openat2, ENOSYS}})) return "no filter";
    auto result = again.unpack(bytes);
    return result.ok() ? "" : result.error().text;
  });
  CHECK(text == unpacked.error().text);
  CHECK(again.outside_is_untouched());
}

// Each may be unpacked, but beneath the root only; with and without openat2.
void check_stays_inside(const std::string& bytes, const std::vector<std::string>& made) {
  for (const bool filtered : {false, true}) {
    CAPTURE(filtered);
    Target target;
    const std::string text = in_child([&]() -> std::string {
      if (filtered && !forbid({{SYS_openat2, ENOSYS}})) return "no filter";
      auto result = target.unpack(bytes);
      return result.ok() ? "" : result.error().text;
    });
    CHECK(text == "");
    for (const auto& name : made) CHECK_MESSAGE(target.has(name), name);
    CHECK(target.outside_is_untouched());
  }
}

}  // namespace

TEST_CASE("names that lead out are refused") {
  check_refused(Tar().file("../outside").end(), "../outside");
  check_refused(Tar().file("a/../../outside").end(), "a/../../outside");
  check_refused(Tar().file("/../outside").end(), "/../outside");
  check_refused(Tar().symlink("..", "x").end(), "..");
  check_refused(Tar().hard_link("h", "../outside").end(), "h");
  check_refused(Tar().hard_link("h", "/etc/passwd").end(), "'etc/passwd'");
  check_refused(Tar().symlink("s", "..").hard_link("h", "s/outside").end(), "h");
  check_refused(Tar().symlink("s", "/etc").hard_link("h", "s/passwd").end(), "s/passwd");
  check_refused(Tar().hard_link("h", "absent").end(), "absent");
  check_refused(Tar().hard_link("h", "").end(), "h");
  check_refused(Tar().symlink("s", "").end(), "s");
  check_refused(Tar().dir("d").hard_link("h", "d").end(), "hard link to a directory");
}

TEST_CASE("writing through links stays inside") {
  check_stays_inside(Tar().symlink("s", "..").file("s/outside", "changed").end(), {"outside"});
  check_stays_inside(Tar().symlink("s", "/").file("s/f").end(), {"f"});
  check_stays_inside(Tar().symlink("s", "/var/tmp").file("s/creel-escaped").end(), {"var/tmp/creel-escaped"});
  check_stays_inside(
      Tar().symlink("s", "../../../../../..").dir("s/d").symlink("s/d/t", "../../..").file("s/d/t/f").end(),
      {"f", "d/t"});
  check_stays_inside(Tar().symlink("f", "../outside").file("f", "a file").end(), {"f"});
  check_stays_inside(Tar().symlink("d", "..").dir("d", 0700).end(), {"d"});
  check_stays_inside(Tar().symlink("w", "..").file("w/.wh.outside", "").file("w/.wh..wh..opq", "").end(), {"outside"});
  check_stays_inside(Tar().file("/abs/x").hard_link("h", "/abs/x").file("a/../b").end(), {"abs/x", "h", "b"});
  check_stays_inside(Tar().symlink("lib", "usr/lib").dir("usr/lib").file("lib/x").dir("lib/y").file("lib/y/z").end(),
                     {"usr/lib/x", "usr/lib/y/z"});
  CHECK(!path_exists("/var/tmp/creel-escaped"));
}

TEST_CASE("a directory's attributes never follow a link that took its place") {
  Target target;
  Tar tar;
  tar.dir("victim", 0700)
      .dir("p")
      .dir("p/q", 0711)
      .symlink("alias", "p")
      .dir("alias/q", 0777)
      .file("p", "")
      .symlink("p", "victim");
  tar.add({"alias", '2', "", "victim"}).dir("t", 0777).symlink("t", "victim");
  const auto unpacked = target.unpack(tar.end());
  REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
  CHECK((target.stat("victim").st_mode & 07777) == 0700);
}

TEST_CASE("parents that are no directories, and links without end") {
  check_refused(Tar().file("f").file("f/x").end(), "f");
  check_refused(Tar().symlink("a", "b").symlink("b", "a").file("a/x").end(), "too many symbolic links");
  check_refused(Tar().add({"fifo", '6'}).file("fifo/x").end(), "not a directory");
}

TEST_CASE("limits: names, depth, sizes, owners, headers") {
  const auto pax_path = [](const std::string& path) { return Tar().add({.name = "n", .pax = {{"path", path}}}).end(); };
  std::string deep = "d";
  for (int i = 0; i < 600; ++i) deep += "/d";
  std::string overlong = "o";
  while (overlong.size() < 5000) overlong += "/" + std::string(200, 'o');
  check_refused(pax_path(std::string(256, 'n')), "longer than 255");
  check_refused(pax_path(overlong), "longer than 4095");
  check_refused(pax_path(deep), "nested deeper");
  check_refused(Tar().add({.name = "u", .uid = 0xffffffff}).end(), "owner");
  check_refused(Tar().add({.name = "big", .data = "x", .size = 077777777777}).end(), "truncated");
  check_refused(Tar()
                    .add({.name = "s",
                          .data = std::string("0\n") + std::string(510, '\0'),
                          .pax = {{"GNU.sparse.major", "1"},
                                  {"GNU.sparse.minor", "0"},
                                  {"GNU.sparse.name", "s"},
                                  {"GNU.sparse.realsize", "9223372036854775807"}}})
                    .end(),
                "s");
  check_refused(Tar().add({.name = "x", .pax = {{"comment", std::string(3 << 20, 'c')}}}).end(), "");
  check_refused(Tar().add({.name = "x", .pax = {{"SCHILY.xattr.user.a", std::string(100000, 'c')}}}).end(), "user.a");
}

TEST_CASE("directories that links stack upon each other end somewhere") {
  std::string path = "d";
  for (int i = 0; i < 299; ++i) path += "/d";
  Tar tar;
  tar.add({.name = "n", .type = '5', .mode = 0755, .pax = {{"path", path}}});
  tar.add({.name = "l", .type = '2', .link = "short", .pax = {{"linkpath", path}}});
  tar.add({.name = "n", .type = '5', .mode = 0755, .pax = {{"path", "l/" + path}}});
  check_refused(tar.end(), "nested too deep");
}

TEST_CASE("a sparse map cannot fill the memory") {
  Member member{.name = "s", .type = 'S'};
  std::string header = Tar::header(member);
  header.replace(257, 8, "ustar  ", 8);
  header[482] = 1;
  Tar::seal(header);
  std::string extension(512, '\0');
  for (std::size_t i = 0; i < 21; ++i)
    extension.replace(i * 24, 24,
                      "00000001000\0"
                      "00000000001\0",
                      24);
  extension[504] = 1;
  std::string block;
  while (block.size() < 1 << 20) block += extension;
  Target target;
  std::size_t given = 0;
  const Source endless = [&]() -> Result<std::string_view> {
    if (given == 0) {
      given = header.size();
      return std::string_view(header);
    }
    given += block.size();
    return given < 1U << 30 ? std::string_view(block) : std::string_view();
  };
  const auto unpacked = unpack_layer(endless, target.fd(), {});
  REQUIRE(!unpacked.ok());
  CHECK(unpacked.error().code == Code::kInvalid);
  CHECK(given < 64 << 20);
}

TEST_CASE("error texts cannot speak to the terminal") {
  Target target;
  const auto unpacked = target.unpack(Tar().file("../\x1b[31mred\n").end());
  REQUIRE(!unpacked.ok());
  CHECK(contains(unpacked.error().text, "../\\x1b[31mred\\x0a"));
}

TEST_CASE("owners that are not mapped, and a full disk, say so" * doctest::skip(!kCanUnshare)) {
  Target target;
  const std::string owner = in_child([&]() -> std::string {
    if (!enter_single_id_namespace()) return "no user namespace";
    auto unpacked = target.unpack(Tar().add({.name = "f", .uid = 0, .gid = 42}).end());
    if (unpacked.ok() || unpacked.error().code != Code::kUnavailable) return "unexpected";
    return unpacked.error().text;
  });
  CHECK(owner == "change owner of f: group ID 42 is not mapped: more subordinate IDs are needed");
  const std::string full = in_child([&]() -> std::string {
    if (!enter_single_id_namespace(CLONE_NEWNS)) return "no user namespace";
    if (::mount("tmpfs", target.path(".").c_str(), "tmpfs", 0, "size=256k") != 0) return "no tmpfs";
    auto root = open_file(target.path("."), O_RDONLY | O_DIRECTORY);
    const std::string bytes =
        compress(Tar().add({.name = "big", .data = std::string(8 << 20, 'x'), .uid = 0, .gid = 0}).end(), "gzip");
    auto unpacked = unpack_layer(pieces(bytes, 1000), root->get(), {});
    return unpacked.ok() ? "unexpected" : unpacked.error().text;
  });
  CHECK(full == "write big: disk full");
}
