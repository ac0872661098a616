// Layers as directories: what overlay would show, and what differs. Marks are made as the kernel and as fuse-overlayfs
// leave them.
#include "engine/layers.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"

using namespace creel;
using namespace creel::engine;

namespace {

struct Fixture {
  std::string dir;
  Layers layers{true};
  Fixture() {
    char path[] = "/tmp/creel-layers-XXXXXX";
    REQUIRE(mkdtemp(path) != nullptr);
    dir = path;
  }
  ~Fixture() {
    auto tmp = open_file("/tmp", O_RDONLY | O_DIRECTORY);
    if (tmp.ok()) (void)remove_tree_at(tmp->get(), dir.substr(5)).ok();
  }
  std::size_t layer(const std::string& name) {
    REQUIRE(make_dirs(dir + "/" + name, 0755).ok());
    return layers.add(dir + "/" + name).value();
  }
  void file(const std::string& path, const std::string& text = "x") const {
    REQUIRE(make_dirs(dir + "/" + path.substr(0, path.rfind('/')), 0755).ok());
    REQUIRE(write_atomic(dir + "/" + path, text, 0644).ok());
  }
  // One time for all directories, as if nobody had touched them.
  void settle(const std::string& path) const {
    const timespec times[2] = {{1000, 0}, {1000, 0}};
    REQUIRE(utimensat(AT_FDCWD, (dir + "/" + path).c_str(), times, 0) == 0);
  }
  std::string differences(const Layers::Stack& now, const Layers::Stack& before) const {
    auto found = changes(layers, now, before);
    REQUIRE(found.ok());
    std::string out;
    for (const Change& change : *found) out += std::string(1, change.kind) + " " + change.path + "\n";
    return out;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a layer hides what its marks name") {
  const auto low = layer("low"), high = layer("high");
  file("low/dir/gone");
  file("low/dir/stays");
  file("low/plain");
  file("low/opaque/below");
  REQUIRE(mkdir((dir + "/high/dir").c_str(), 0755) == 0);
  // By name where a device cannot be made, which some sandboxes forbid.
  if (mknod((dir + "/high/dir/gone").c_str(), S_IFCHR, makedev(0, 0)) != 0) file("high/dir/.wh.gone", "");
  file("high/.wh.plain", "");
  file("high/opaque/above");
  file("high/opaque/.wh..wh..opq", "");
  const Layers::Stack both{high, low};
  CHECK_FALSE(layers.find(both, "dir/gone")->has_value());
  CHECK(layers.find(both, "dir/stays")->has_value());
  CHECK_FALSE(layers.find(both, "plain")->has_value());
  CHECK((*layers.find(both, "dir"))->layers == both);
  const auto opaque = *layers.find(both, "opaque");
  CHECK(opaque->layers == Layers::Stack{high});
  CHECK_FALSE(layers.find(opaque->layers, "opaque/below")->has_value());
  CHECK(layers.names({high}, "opaque").value() == std::set<std::string>{"above"});
}

TEST_CASE_FIXTURE(Fixture, "changes: a file added, changed, deleted; untouched directories are not listed") {
  const auto low = layer("low"), high = layer("high");
  file("low/etc/passwd");
  file("low/etc/group");
  file("low/usr/bin/tool");
  file("low/deep/a/b");
  for (const char* path : {"low/etc", "low/usr", "low/usr/bin", "low/deep", "low/deep/a"}) settle(path);
  file("high/etc/passwd", "longer");
  file("high/etc/.wh.group", "");
  file("high/new/file");
  file("high/usr/bin/tool", "other");
  for (const char* path : {"high/usr", "high/usr/bin"}) settle(path);
  CHECK(differences({high, low}, {low}) ==
        "C /etc\nD /etc/group\nC /etc/passwd\nA /new\nA /new/file\nC /usr/bin/tool\n");
  CHECK(differences({low}, {low}) == "");
  CHECK(differences({low}, {}) ==
        "A /deep\nA /deep/a\nA /deep/a/b\nA /etc\nA /etc/group\nA /etc/passwd\nA /usr\nA /usr/bin\nA /usr/bin/tool\n");
}

TEST_CASE_FIXTURE(Fixture, "changes: a directory where names come and go is listed, whatever its time says") {
  const auto low = layer("low"), high = layer("high");
  file("low/d/old");
  settle("low/d");
  file("high/d/.wh.old", "");
  settle("high/d");
  CHECK(differences({high, low}, {low}) == "C /d\nD /d/old\n");
}

TEST_CASE_FIXTURE(Fixture, "changes: a directory becomes a file and the other way round") {
  const auto low = layer("low"), high = layer("high");
  file("low/was-dir/x");
  file("low/was-file");
  file("high/was-dir");
  file("high/was-file/y");
  CHECK(differences({high, low}, {low}) == "C /was-dir\nC /was-file\nA /was-file/y\n");
}

TEST_CASE_FIXTURE(Fixture, "changes: two stacks that share nothing are compared by what files are") {
  const auto one = layer("one"), two = layer("two");
  file("one/same");
  file("two/same");
  settle("one/same");
  settle("two/same");
  file("one/only");
  file("two/differs", "longer");
  file("one/differs");
  CHECK(differences({one}, {two}) == "C /differs\nA /only\n");
  CHECK(differences({two}, {one}) == "C /differs\nD /only\n");
}

TEST_CASE_FIXTURE(Fixture, "a link in a layer leads nowhere") {
  const auto low = layer("low"), high = layer("high");
  file("low/etc/passwd");
  REQUIRE(symlink("/etc", (dir + "/high/etc").c_str()) == 0);
  const Layers::Stack both{high, low};
  const auto link = *layers.find(both, "etc");
  REQUIRE(link);
  CHECK(S_ISLNK(link->info.st_mode));
  CHECK_FALSE(layers.find({high}, "etc/passwd")->has_value());
  CHECK(differences(both, {low}) == "C /etc\n");
}
