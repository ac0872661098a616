// What well-formed layers become.
#include <locale.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "tests/unit/unpack/support.h"

using namespace unpack_test;

TEST_CASE("files, directories, links and FIFOs with their attributes") {
  Target target;
  Tar tar;
  tar.add({"./", '5', "", "", 0751})
      .dir("etc/", 0500)
      .file("etc/passwd", "root", 04755)
      .symlink("etc/mtab", "/proc/mounts");
  tar.hard_link("etc/passwd-", "./etc/passwd").hard_link("etc/mtab2", "etc/mtab").add({"fifo", '6', "", "", 0620});
  tar.add({.name = "dated", .data = "12345", .pax = {{"mtime", "1234567890.123456789"}}});
  const auto unpacked = target.unpack(tar.end());
  REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
  CHECK(unpacked->tree_size == 9);
  CHECK((target.stat("").st_mode & 07777) == 0751);
  CHECK((target.stat("etc").st_mode & 07777) == 0500);
  CHECK(target.stat("etc").st_mtime == 1000000000);
  CHECK((target.stat("etc/passwd").st_mode & 07777) == 04755);
  CHECK(target.stat("etc/passwd").st_nlink == 2);
  CHECK(target.stat("etc/passwd").st_ino == target.stat("etc/passwd-").st_ino);
  CHECK(target.link("etc/mtab") == "/proc/mounts");
  CHECK(target.link("etc/mtab2") == "/proc/mounts");
  CHECK(target.stat("etc/mtab").st_mtime == 1000000000);
  CHECK(S_ISFIFO(target.stat("fifo").st_mode));
  CHECK((target.stat("fifo").st_mode & 07777) == 0620);
  CHECK(target.stat("dated").st_mtim.tv_sec == 1234567890);
  CHECK(target.stat("dated").st_mtim.tv_nsec == 123456789);
}

TEST_CASE("the size of a tree in which a file takes a directory's place") {
  Target target;
  Tar tar;
  tar.file("kept", "12345", 0644).dir("d/", 0755).file("d/gone", "1234567", 0644).hard_link("d/twice", "d/gone");
  tar.hard_link("outside", "d/gone").file("d", "123", 0644);
  const auto unpacked = target.unpack(tar.end());
  REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
  CHECK(S_ISREG(target.stat("d").st_mode));
  CHECK(unpacked->tree_size == 5 + 7 + 3);
}

TEST_CASE("missing parents are made 0755, whatever the umask") {
  Target target;
  const mode_t before = ::umask(077);
  const auto unpacked = target.unpack(Tar().file("a/b/c", "deep", 0666).end());
  ::umask(before);
  REQUIRE(unpacked.ok());
  CHECK((target.stat("a").st_mode & 07777) == 0755);
  CHECK((target.stat("a/b").st_mode & 07777) == 0755);
  CHECK((target.stat("a/b/c").st_mode & 07777) == 0666);
}

TEST_CASE("owners are kept") {
  if (!kManyIds) {
    MESSAGE("only one ID is mapped");
    return;
  }
  Target target;
  Tar tar;
  tar.add({.name = "d", .type = '5', .mode = 02755, .uid = 12, .gid = 34});
  tar.add({.name = "d/f", .mode = 06711, .uid = 5, .gid = 6});
  tar.add({.name = "d/s", .type = '2', .link = "f", .uid = 7, .gid = 8});
  REQUIRE(target.unpack(tar.end()).ok());
  CHECK(target.stat("d").st_uid == 12);
  CHECK(target.stat("d").st_gid == 34);
  CHECK((target.stat("d").st_mode & 07777) == 02755);
  CHECK(target.stat("d/f").st_uid == 5);
  CHECK((target.stat("d/f").st_mode & 07777) == 06711);
  CHECK(target.stat("d/s").st_gid == 8);
}

TEST_CASE("a later entry of the same name replaces the earlier") {
  Target target;
  Tar tar;
  tar.file("f", "first").file("f", "second").dir("d").file("d/in").file("d", "a file now").symlink("s", "f").dir("s");
  tar.file("s/in").dir("keep", 0700).file("keep/in").dir("keep", 0711).file("x", "1").symlink("x", "y");
  tar.file("l", "own").hard_link("l", "f").hard_link("l", "l").file("l", "again");
  const auto unpacked = target.unpack(tar.end());
  REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
  CHECK(target.read("f") == "second");
  CHECK(target.read("d") == "a file now");
  CHECK(S_ISDIR(target.stat("s").st_mode));
  CHECK(target.has("s/in"));
  CHECK(target.has("keep/in"));
  CHECK((target.stat("keep").st_mode & 07777) == 0711);
  CHECK(target.link("x") == "y");
  CHECK(target.read("l") == "again");
}

TEST_CASE("names are bytes, in any locale") {
  const std::string decomposed = "e\xcc\x81";
  const std::string not_utf8 = "\xff\xfe name";
  const std::string long_name(180, 'n');
  for (const char* locale : {"C", "C.UTF-8"}) {
    ::setlocale(LC_ALL, locale);
    Target target;
    Tar tar;
    tar.file(not_utf8).add({.name = "short", .pax = {{"path", decomposed}}});
    tar.add({.name = "short", .pax = {{"hdrcharset", "BINARY"}, {"path", "b" + not_utf8}}});
    tar.add({.name = "short", .pax = {{"path", "p/" + long_name + "/" + long_name}}});
    tar.add({.name = "s", .type = '2', .link = "short", .pax = {{"linkpath", decomposed + long_name}}});
    tar.add({.name = "h", .type = '1', .link = "short", .pax = {{"linkpath", decomposed}}});
    tar.add({"././@LongLink", 'L', "g/" + long_name + std::string(1, '\0')}).file("short");
    const auto unpacked = target.unpack(tar.end());
    ::setlocale(LC_ALL, "C");
    REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
    CHECK(target.has(not_utf8));
    CHECK(target.has("b" + not_utf8));
    CHECK(target.has(decomposed));
    CHECK(target.stat("h").st_nlink == 2);
    CHECK(target.has("p/" + long_name + "/" + long_name));
    CHECK(target.has("g/" + long_name));
    CHECK(target.link("s") == decomposed + long_name);
  }
}

TEST_CASE("extended attributes: user.* and capabilities are kept, the host's and overlay's are not") {
  Target target;
  // A version 2 capability: cap_net_raw=ep.
  const std::string capability("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
  Tar tar;
  tar.add({.name = "f",
           .mode = 0444,
           .pax = {{"SCHILY.xattr.user.a", std::string("b\0c", 3)},
                   {"SCHILY.xattr.security.capability", capability},
                   {"SCHILY.xattr.security.selinux", "label"},
                   {"SCHILY.xattr.trusted.x", "y"},
                   {"SCHILY.xattr.user.fuseoverlayfs.opaque", "y"},
                   {"SCHILY.xattr.user.overlay.redirect", "/etc"}}});
  tar.add({.name = "d",
           .type = '5',
           .mode = 0755,
           .pax = {{"SCHILY.xattr.user.overlay.opaque", "y"}, {"SCHILY.xattr.user.d", "1"}}});
  tar.add({.name = "s", .type = '2', .link = "f", .pax = {{"SCHILY.xattr.user.s", "1"}}});
  const auto unpacked = target.unpack(tar.end());
  REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
  CHECK(target.xattr("f", "user.a") == std::string("b\0c", 3));
  CHECK(target.xattr("f", "security.capability").size() >= 20);
  CHECK(target.xattr("f", "security.selinux") != "label");
  CHECK(target.xattr("f", "trusted.x").empty());
  CHECK(target.xattr("f", "user.overlay.redirect").empty());
  CHECK(target.xattr("f", "user.fuseoverlayfs.opaque").empty());
  CHECK(target.xattr("d", "user.overlay.opaque").empty());
  CHECK(target.xattr("d", "user.d") == "1");
}

TEST_CASE("sparse files: pax and old GNU") {
  Target target;
  // Two pieces of 512 bytes, at 1 MiB and at 2 MiB, of a file of 3 MiB.
  Member member{.name = "gnu", .type = 'S', .data = std::string(512, 'a') + std::string(512, 'b')};
  std::string header = Tar::header(member);
  header.replace(257, 8, "ustar  ", 8);
  header.replace(386, 48,
                 "00004000000\0"
                 "00000001000\0"
                 "00010000000\0"
                 "00000001000\0",
                 48);
  header.replace(483, 12, "00014000000\0", 12);
  Tar::seal(header);
  Tar tar;
  tar.raw(header + member.data);
  const std::string map = "2\n1048576\n512\n2097152\n512\n";
  tar.add({.name = "pax",
           .data = map + std::string(512 - map.size(), '\0') + member.data,
           .pax = {{"GNU.sparse.major", "1"},
                   {"GNU.sparse.minor", "0"},
                   {"GNU.sparse.name", "pax"},
                   {"GNU.sparse.realsize", "3145728"}}});
  const auto unpacked = target.unpack(tar.end());
  REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
  for (const std::string name : {"pax", "gnu"}) {
    CAPTURE(name);
    const std::string content = target.read(name);
    REQUIRE(content.size() == 3 << 20);
    // At 1 MiB (octal 4000000) and 2 MiB (10000000).
    CHECK(content.substr(1 << 20, 512) == std::string(512, 'a'));
    CHECK(content.substr(2 << 20, 512) == std::string(512, 'b'));
    CHECK(std::count(content.begin(), content.end(), '\0') == (3 << 20) - 1024);
    CHECK(target.stat(name).st_blocks < 100);
  }
}

TEST_CASE("devices: made by root, left out in a user namespace" * doctest::skip(!kCanUnshare)) {
  Target target;
  const std::string bytes = Tar().add({"dev/null", '3', "", "", 0666}).file("after").end();
  const std::string problem = in_child([&]() -> std::string {
    if (!enter_single_id_namespace()) return "no user namespace";
    auto root = open_file(target.path("."), O_RDONLY | O_DIRECTORY);
    Member member{"dev/null", '3', "", "", 0666};
    std::string header = Tar::header(member);
    header.replace(329, 7, "0000001");
    header.replace(337, 7, "0000003");
    Tar::seal(header);
    const std::string tar = header + Tar().file("after").end();
    auto unpacked = unpack_layer(pieces(tar, 4096), root->get(), {});
    return unpacked.ok() ? "" : unpacked.error().text;
  });
  CHECK(problem == "");
  CHECK(target.has("after"));
  CHECK(!target.has("dev/null"));
}

TEST_CASE("an empty layer, with and without its end mark") {
  Target target;
  CHECK(target.unpack(std::string(1024, '\0')).ok());
  CHECK(target.unpack("").ok());
  CHECK(target.unpack(Tar().file("unfinished").open_end()).ok());
  CHECK(target.has("unfinished"));
}
