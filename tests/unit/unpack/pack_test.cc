// Directories become layers: what comes out unpacks to what went in.
#include "storage/pack/pack.h"

#include <sys/sysmacros.h>

#include "storage/pack/gzip_blocks.h"
#include "support.h"

using namespace unpack_test;
using namespace creel::storage::pack;

namespace {

struct Layer {
  Unpacked packed;
  std::string blob;
};

Fd root_of(const Target& target) {
  auto fd = open_at(target.fd(), ".", O_RDONLY | O_DIRECTORY);
  REQUIRE(fd.ok());
  return std::move(*fd);
}

Layer pack(Walk walk) {
  Target tree;
  auto blob = open_file("/var/tmp", O_TMPFILE | O_RDWR, 0600);
  REQUIRE(blob.ok());
  auto packed = pack_layer(walk, blob->get(), tree.fd(), {});
  REQUIRE_MESSAGE(packed.ok(), packed.error().text);
  REQUIRE(::lseek(blob->get(), 0, SEEK_SET) == 0);
  auto bytes = read_all(blob->get());
  REQUIRE(bytes.ok());
  CHECK(sha256(*bytes) == packed->blob.hex());
  CHECK(std::ssize(*bytes) == packed->blob_size);
  return {std::move(*packed), std::move(*bytes)};
}

Layer pack_changes(const Target& upper) {
  std::vector<Fd> roots;
  roots.push_back(root_of(upper));
  return pack(Walk(std::move(roots), Walk::Mode::kChanges, true));
}

std::string gzip(const std::string& bytes, unsigned threads, std::size_t piece) {
  std::string out;
  GzipBlocks blocks(
      [&](std::string_view part) -> Result<void> {
        out.append(part);
        return {};
      },
      threads);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    REQUIRE(blocks.append(std::string_view(bytes).substr(at, piece)).ok());
  }
  const auto done = blocks.finish();
  REQUIRE(done.ok());
  CHECK(done->digest.hex() == sha256(out));
  CHECK(done->size == std::ssize(out));
  return out;
}

// A file, its modes and links; what is taken away; a directory that hides what lies below.
std::string changes() {
  Tar tar;
  tar.dir("etc", 0750).file("etc/conf", "text", 0640).file("etc/.wh.gone", "").dir("new").file("new/.wh..wh..opq", "");
  tar.add({.name = "set", .data = std::string(3'000'000, 's'), .mode = 04755});
  tar.symlink("link", "etc/conf").hard_link("zz-hard", "etc/conf").add({.name = "fifo", .type = '6'});
  tar.add({.name = "attr", .data = "a", .pax = {{"SCHILY.xattr.user.mime", "text/plain"}}});
  const std::string deep = std::string(120, 'd') + "/" + std::string(120, 'e');
  tar.add({.name = "x", .type = '5', .pax = {{"path", std::string(120, 'd')}}});
  tar.add({.name = "x", .data = "deep", .pax = {{"path", deep}}});
  return tar.end();
}

}  // namespace

TEST_CASE("a layer that was unpacked is packed, and unpacks to the same") {
  Target upper;
  REQUIRE(upper.unpack(changes()).ok());
  const Layer layer = pack_changes(upper);
  Target again;
  const auto unpacked = again.unpack(layer.blob);
  REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
  CHECK(unpacked->diff_id == layer.packed.diff_id);
  CHECK(unpacked->tree_size == layer.packed.tree_size);
  CHECK(again.read("etc/conf") == "text");
  CHECK((again.stat("etc/conf").st_mode & 07777) == 0640);
  CHECK((again.stat("etc").st_mode & 07777) == 0750);
  CHECK((again.stat("set").st_mode & 07777) == 04755);
  CHECK(again.read("set") == std::string(3'000'000, 's'));
  CHECK(again.stat("etc/conf").st_mtim.tv_sec == 1000000000);
  CHECK(again.link("link") == "etc/conf");
  CHECK(again.stat("zz-hard").st_ino == again.stat("etc/conf").st_ino);
  CHECK(S_ISFIFO(again.stat("fifo").st_mode));
  CHECK(again.xattr("attr", "user.mime") == "text/plain");
  CHECK(again.is_whiteout("etc/gone"));
  CHECK(again.xattr("new", "user.overlay.opaque") == "y");
  CHECK(again.read(std::string(120, 'd') + "/" + std::string(120, 'e')) == "deep");
  // The same files, the same bytes.
  CHECK(pack_changes(again).packed.blob == layer.packed.blob);
}

TEST_CASE("the tree beside the blob is what the blob unpacks to") {
  Target upper, tree, unpacked;
  REQUIRE(upper.unpack(changes()).ok());
  std::vector<Fd> roots;
  roots.push_back(root_of(upper));
  Walk walk(std::move(roots), Walk::Mode::kChanges, true);
  auto blob = open_file("/var/tmp", O_TMPFILE | O_RDWR, 0600);
  REQUIRE(blob.ok());
  REQUIRE(pack_layer(walk, blob->get(), tree.fd(), {}).ok());
  CHECK(pack_changes(tree).packed.diff_id == pack_changes(upper).packed.diff_id);
  CHECK(tree.is_whiteout("etc/gone"));
}

TEST_CASE("what an engine made to mount on is left out, if it is empty") {
  Target upper;
  Tar tar;
  tar.dir("etc").file("etc/hosts", "").file("etc/hostname", "mine").dir("proc").dir("sys").file("sys/own", "x");
  REQUIRE(upper.unpack(tar.end()).ok());
  std::vector<Fd> roots;
  roots.push_back(root_of(upper));
  Walk walk(std::move(roots), Walk::Mode::kChanges, true);
  walk.leave_out({"etc/hosts", "etc/hostname", "proc", "sys"});
  Target again;
  REQUIRE(again.unpack(pack(std::move(walk)).blob).ok());
  CHECK_FALSE(again.has("etc/hosts"));
  CHECK(again.read("etc/hostname") == "mine");
  CHECK_FALSE(again.has("proc"));
  CHECK(again.read("sys/own") == "x");
}

TEST_CASE("stacked directories are one tree: whiteouts, opaque directories, files over directories") {
  Target lowest, middle, top;
  REQUIRE(
      lowest.unpack(Tar().dir("a").file("a/one").file("a/two").dir("b").file("b/old").file("c").dir("e").end()).ok());
  REQUIRE(middle.unpack(Tar().file("a/.wh.one", "").dir("b").file("b/.wh..wh..opq", "").file("b/new").end()).ok());
  REQUIRE(top.unpack(Tar().file("a/one", "back").file(".wh.c", "").file("e", "a file").end()).ok());
  std::vector<Fd> roots;
  for (const Target* each : {&top, &middle, &lowest}) roots.push_back(root_of(*each));
  Target seen;
  REQUIRE(seen.unpack(pack(Walk(std::move(roots), Walk::Mode::kWhole, true)).blob).ok());
  CHECK(seen.read("a/one") == "back");
  CHECK(seen.has("a/two"));
  CHECK(seen.has("b/new"));
  CHECK_FALSE(seen.has("b/old"));
  CHECK_FALSE(seen.has("c"));
  CHECK(seen.read("e") == "a file");
  CHECK(list_dir(seen.path("."))->size() == 3);
}

TEST_CASE("sparse files stay sparse in the tree, and are whole in the layer") {
  Target upper;
  auto file = open_file(upper.path("sparse"), O_WRONLY | O_CREAT, 0644);
  REQUIRE(file.ok());
  REQUIRE(::pwrite(file->get(), "end", 3, 64 << 20) == 3);
  const Layer layer = pack_changes(upper);
  CHECK(layer.packed.blob_size < (1 << 20));
  Target again;
  REQUIRE(again.unpack(layer.blob).ok());
  CHECK(again.stat("sparse").st_size == (64 << 20) + 3);
}

TEST_CASE("gzip of blocks: the same bytes at any number of threads and any pieces; any gunzip reads it") {
  std::string bytes;
  for (int i = 0; bytes.size() < 5'000'000; ++i) bytes += std::to_string(i * 7919) + (i % 3 == 0 ? "\n" : " x");
  const std::string one = gzip(bytes, 1, 1 << 20);
  CHECK(one.size() < bytes.size() / 2);
  CHECK(gzip(bytes, 4, 65'537) == one);
  CHECK(gzip(bytes, 2, 333) == one);
  for (const std::string& text : {std::string(), std::string("x"), std::string(1 << 20, 'z'), bytes}) {
    Target target;
    const std::string tar = Tar().file("f", text).end();
    const auto unpacked = target.unpack(gzip(tar, 3, 100'000));
    REQUIRE_MESSAGE(unpacked.ok(), unpacked.error().text);
    CHECK(unpacked->diff_id.hex() == sha256(tar));
    CHECK(target.read("f") == text);
  }
}

TEST_CASE("a blob that cannot be written is an error, and ends") {
  Target upper, tree;
  REQUIRE(upper.unpack(changes()).ok());
  std::vector<Fd> roots;
  roots.push_back(root_of(upper));
  Walk walk(std::move(roots), Walk::Mode::kChanges, true);
  auto full = open_file("/dev/full", O_WRONLY);
  REQUIRE(full.ok());
  const auto packed = pack_layer(walk, full->get(), tree.fd(), {});
  REQUIRE_FALSE(packed.ok());
  CHECK(packed.error().err == ENOSPC);
}

TEST_CASE("what the overlay has only a pointer to is not taken for empty") {
  for (const char* attribute : {"user.overlay.redirect", "user.overlay.metacopy"}) {
    Target upper, tree;
    REQUIRE(upper.unpack(Tar().dir("d").end()).ok());
    REQUIRE(::setxattr(upper.path("d").c_str(), attribute, "/old", 4, 0) == 0);
    std::vector<Fd> roots;
    roots.push_back(root_of(upper));
    Walk walk(std::move(roots), Walk::Mode::kChanges, true);
    auto blob = open_file("/var/tmp", O_TMPFILE | O_RDWR, 0600);
    REQUIRE(blob.ok());
    const auto packed = pack_layer(walk, blob->get(), tree.fd(), {});
    REQUIRE_FALSE(packed.ok());
    CHECK(packed.error().code == Code::kUnsupported);
    CHECK(packed.error().text.find("/d") != std::string::npos);
  }
}
