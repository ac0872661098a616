#include <doctest/doctest.h>

#include "engine/runtime/cgroup/cgroup.h"
#include "engine/runtime/cgroup/tree.h"

using namespace creel;
using namespace creel::engine::runtime;

TEST_CASE("paths of groups are cleaned, and lead nowhere else") {
  CHECK(*clean_group_path("/a//b/") == "/a/b");
  CHECK(*clean_group_path("a/b") == "/a/b");
  CHECK(*clean_group_path("") == "/");
  for (const char* bad : {"/a/../b", "..", "/a/./b", "/a\nb", "/a\tb"}) {
    CAPTURE(bad);
    CHECK(clean_group_path(bad).error().code == Code::kInvalid);
  }
  CHECK(clean_group_path("/" + std::string(256, 'x')).error().code == Code::kInvalid);
  CHECK(parent_group("/a/b") == "/a");
  CHECK(parent_group("/a") == "/");
  CHECK(parent_group("/") == "/");
}

TEST_CASE("cgroupsPath for cgroupfs is a path") {
  const auto absolute = parse_cgroups_path("/machine//pod1/c1", "c1", false);
  REQUIRE(absolute.ok());
  CHECK(absolute->manager == CgroupManager::kCgroupfs);
  CHECK(absolute->path == "/machine/pod1/c1");
  CHECK(parse_cgroups_path("pod/c1", "c1", false)->path.ends_with("/pod/c1"));
  CHECK(parse_cgroups_path("", "c1", false)->path.ends_with("/creel-c1"));
  CHECK(parse_cgroups_path("/", "c1", false).error().code == Code::kInvalid);
  CHECK(parse_cgroups_path("/a/../../etc", "c1", false).error().code == Code::kInvalid);
}

TEST_CASE("cgroupsPath for systemd is slice:prefix:name") {
  const auto plan = parse_cgroups_path("machine.slice:libpod:abc", "c1", true);
  REQUIRE(plan.ok());
  CHECK(plan->manager == CgroupManager::kSystemd);
  CHECK(plan->slice == "machine.slice");
  CHECK(plan->scope == "libpod-abc.scope");
  CHECK(parse_cgroups_path("", "c1", true)->scope == "creel-c1.scope");
  CHECK(parse_cgroups_path("", "c1", true)->slice == "");
  CHECK(parse_cgroups_path("::abc", "c1", true)->scope == "abc.scope");
  // What a unit's name cannot hold is escaped, as systemd-escape(1) does it.
  CHECK(parse_cgroups_path(":cri:a/b c@d", "c1", true)->scope == "cri-a\\x2fb\\x20c\\x40d.scope");
  for (const char* bad :
       {"/a/b", "a.slice:b", "a.slice:b:c:d", "a:b:c", "../x.slice:b:c", "a b.slice:b:c", ".slice:b:c", "a.slice:b:"}) {
    CAPTURE(bad);
    CHECK(parse_cgroups_path(bad, "c1", true).error().code == Code::kInvalid);
  }
  CHECK(parse_cgroups_path(":p:" + std::string(300, 'x'), "c1", true).error().code == Code::kInvalid);
}
