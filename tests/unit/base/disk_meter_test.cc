#include "base/disk_meter.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "base/process.h"
#include "tests/unit/base/support.h"

using namespace creel;
using namespace creel::test;

namespace {

// Bytes, as du(1) has it.
std::int64_t du(const std::string& path) {
  auto run = run_program({"du", "-s", "--block-size=1", path});
  REQUIRE(run.ok());
  return std::stoll(run->out);
}

DiskUse measured(DiskMeter& meter, const TempDir& dir, const std::string& name) {
  auto parent = open_file(dir / "", O_RDONLY | O_DIRECTORY);
  REQUIRE(parent.ok());
  auto use = meter.measure(parent->get(), name);
  REQUIRE_MESSAGE(use.ok(), (use.ok() ? "" : use.error().text));
  return *use;
}

}  // namespace

TEST_CASE("a tree is as large as du says: hard links once, holes not at all, links not followed") {
  TempDir dir;
  REQUIRE(make_dirs(dir / "t/a/b").ok());
  REQUIRE(write_atomic(dir / "t/a/file", std::string(100'000, 'x')).ok());
  REQUIRE(link((dir / "t/a/file").c_str(), (dir / "t/a/b/again").c_str()) == 0);
  REQUIRE(symlink("/usr", (dir / "t/usr").c_str()) == 0);
  REQUIRE(write_atomic(dir / "t/hole", "").ok());
  REQUIRE(truncate((dir / "t/hole").c_str(), 50'000'000) == 0);
  DiskMeter meter;
  const DiskUse use = measured(meter, dir, "t");
  CHECK(use.blocks == du(dir / "t"));
  CHECK(use.content == 100'000 + 50'000'000);
  CHECK(!use.partly);
  // What it has met is not counted again.
  REQUIRE(link((dir / "t/a/file").c_str(), (dir / "third").c_str()) == 0);
  CHECK(measured(meter, dir, "third").blocks == 0);
  CHECK(measured(meter, dir, "absent").blocks == 0);
}

TEST_CASE("a tree deeper than any path may be long is measured, in a few descriptors") {
  TempDir dir;
  REQUIRE(make_dirs(dir / "t").ok());
  constexpr int kDepth = 3000;
  Fd at = std::move(*open_file(dir / "t", O_RDONLY | O_DIRECTORY));
  for (int i = 0; i < kDepth; ++i) {
    REQUIRE(mkdirat(at.get(), "dd", 0700) == 0);
    at = std::move(*open_at(at.get(), "dd", O_RDONLY | O_DIRECTORY));
  }
  REQUIRE(write_atomic_at(at.get(), "leaf", "1234").ok());
  at.reset();
  DiskMeter meter;
  CHECK(measured(meter, dir, "t").content == 4);
  auto parent = open_file(dir / "", O_RDONLY | O_DIRECTORY);
  REQUIRE(remove_tree_at(parent->get(), "t").ok());
}
