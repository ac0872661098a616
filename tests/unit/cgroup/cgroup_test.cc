#include "engine/runtime/cgroup/cgroup.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>

#include "../base/support.h"
#include "base/file.h"
#include "engine/runtime/cgroup/controllers.h"
#include "engine/runtime/cgroup/tree.h"
#include "support.h"

using namespace creel;
using namespace creel::engine::runtime;
using creel::tests::Sleeper;

namespace {

Cgroup begin(const CgroupPlan& plan) {
  auto placement = CgroupPlacement::begin(plan);
  REQUIRE_MESSAGE(placement.ok(), placement.error().text);
  REQUIRE(placement->cgroup().valid());
  CHECK(placement->clone_into() == placement->cgroup().fd());
  return placement->take();
}

const std::string kLong(200, 'a');

// As a container may do it, root or not.
void nest(int group, int depth) {
  Fd at(fcntl(group, F_DUPFD_CLOEXEC, 0));
  for (int i = 0; i < depth; ++i) {
    REQUIRE(mkdirat(at.get(), kLong.c_str(), 0755) == 0);
    REQUIRE(mkdirat(at.get(), "b", 0755) == 0);
    auto next = open_at(at.get(), kLong, O_RDONLY | O_DIRECTORY);
    REQUIRE(next.ok());
    at = std::move(*next);
  }
}

}  // namespace

TEST_CASE("a container's group is made, found, and removed") {
  if (!creel::tests::have_hierarchy()) return;
  const CgroupPlan plan = creel::tests::plan_for(creel::tests::fresh_id());
  const Cgroup group = begin(plan);
  CHECK(group.path() == plan.path);
  CHECK(Cgroup::open(plan.path).ok());
  CHECK(group.processes()->empty());
  CHECK(remove_cgroup(plan, plan.path).ok());
  CHECK(Cgroup::open(plan.path).error().code == Code::kNotFound);
  CHECK(remove_cgroup(plan, plan.path).ok());
}

TEST_CASE("processes are placed by number and by clone") {
  if (!creel::tests::have_hierarchy()) return;
  const CgroupPlan plan = creel::tests::plan_for(creel::tests::fresh_id());
  const Cgroup group = begin(plan);
  {
    Sleeper one;
    REQUIRE(group.add(one.pid()).ok());
    CHECK(*group_of(one.pid()) == plan.path);
    clone_args args{};
    args.flags = CLONE_INTO_CGROUP;
    args.exit_signal = SIGCHLD;
    args.cgroup = static_cast<std::uint64_t>(group.fd());
    const auto two = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
    if (two == 0) {
      for (;;) pause();
    }
    REQUIRE(two > 0);
    auto all = *group.processes();
    CHECK(all.size() == 2);
    CHECK(std::count(all.begin(), all.end(), two) == 1);
    CHECK(group.signal_all(SIGUSR1).ok());
    CHECK(one.wait() == SIGUSR1);
    waitpid(two, nullptr, 0);
  }
  CHECK(remove_cgroup(plan, plan.path).ok());
}

TEST_CASE("a group is frozen, and killed while it is") {
  if (!creel::tests::have_hierarchy()) return;
  const CgroupPlan plan = creel::tests::plan_for(creel::tests::fresh_id());
  const Cgroup group = begin(plan);
  Sleeper one;
  REQUIRE(group.add(one.pid()).ok());
  CHECK_FALSE(group.frozen());
  REQUIRE(group.freeze(true).ok());
  CHECK(group.frozen());
  REQUIRE(group.freeze(false).ok());
  CHECK_FALSE(group.frozen());
  REQUIRE(group.freeze(true).ok());
  REQUIRE(group.signal_all(SIGKILL).ok());
  CHECK(one.wait() == SIGKILL);
  CHECK(remove_cgroup(plan, plan.path).ok());
}

TEST_CASE("a group that is in use is neither taken nor removed") {
  if (!creel::tests::have_hierarchy()) return;
  const CgroupPlan plan = creel::tests::plan_for(creel::tests::fresh_id());
  const Cgroup group = begin(plan);
  {
    Sleeper one;
    REQUIRE(group.add(one.pid()).ok());
    CHECK(CgroupPlacement::begin(plan).error().code == Code::kInUse);
    CHECK(remove_cgroup(plan, plan.path).error().code == Code::kInUse);
    CHECK(Cgroup::open(plan.path).ok());
  }
  // One that was left behind is made anew.
  REQUIRE(write_group_file(group.fd(), "cgroup.max.depth", "1").ok());
  const Cgroup again = begin(plan);
  CHECK(*read_group_file(again.fd(), "cgroup.max.depth") == "max\n");
  CHECK(remove_cgroup(plan, plan.path).ok());
}

TEST_CASE("groups that a container nested deeper than a path can say are seen and removed") {
  if (!creel::tests::have_hierarchy()) return;
  const CgroupPlan plan = creel::tests::plan_for(creel::tests::fresh_id());
  const Cgroup group = begin(plan);
  nest(group.fd(), 30);
  {
    Sleeper deep;
    auto inner = open_at(group.fd(), kLong + "/" + kLong + "/b", O_RDONLY | O_DIRECTORY);
    REQUIRE(inner.ok());
    REQUIRE(write_group_file(inner->get(), "cgroup.procs", std::to_string(deep.pid())).ok());
    CHECK(*group.processes() == std::vector<pid_t>{deep.pid()});
    CHECK(group.signal_all(SIGKILL).ok());
    CHECK(deep.wait() == SIGKILL);
  }
  CHECK(remove_cgroup(plan, plan.path).ok());
  CHECK(Cgroup::open(plan.path).error().code == Code::kNotFound);
}

TEST_CASE("statistics are of what ran") {
  if (!creel::tests::have_hierarchy()) return;
  const CgroupPlan plan = creel::tests::plan_for(creel::tests::fresh_id());
  const Cgroup group = begin(plan);
  {
    const pid_t busy = fork();
    if (busy == 0) {
      if (!group.add(getpid()).ok()) _exit(1);
      timespec used{};
      do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
      } while (used.tv_nsec < 20'000'000 && used.tv_sec == 0);
      _exit(0);
    }
    int status = 0;
    waitpid(busy, &status, 0);
    REQUIRE(status == 0);
    Sleeper one;
    REQUIRE(group.add(one.pid()).ok());
    const auto stats = cgroup_stats(group);
    REQUIRE(stats.ok());
    CHECK(stats->cpu_usage_us >= 10'000);
    CHECK(stats->pids_current == 1);
    CHECK(stats->oom_kills == 0);
  }
  CHECK(remove_cgroup(plan, plan.path).ok());
  CHECK_FALSE(cgroup_stats(group).ok());
}

TEST_CASE("where there are no groups a limit is an error and a container without one is none") {
  CgroupPlan plan;
  CHECK(CgroupPlacement::begin(plan).ok());
  CHECK_FALSE(CgroupPlacement::begin(plan)->cgroup().valid());
  plan.resources.memory_limit = 1 << 20;
  const auto refused = CgroupPlacement::begin(plan);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kUnavailable);
  CHECK(refused.error().text.starts_with("--memory needs cgroup v2 controller \"memory\": "));
}

TEST_CASE("the end of the last process is an event") {
  if (!creel::tests::have_hierarchy()) return;
  const CgroupPlan plan = creel::tests::plan_for(creel::tests::fresh_id());
  const Cgroup group = begin(plan);
  Sleeper one;
  REQUIRE(group.add(one.pid()).ok());
  auto watch = CgroupWatch::open(group);
  REQUIRE(watch.ok());
  CHECK(*watch->next(0) == CgroupWatch::Event::kTimeout);
  one.end();
  CHECK(*watch->next(10'000) == CgroupWatch::Event::kEmpty);
  CHECK(remove_cgroup(plan, plan.path).ok());
  CHECK(*watch->next(10'000) == CgroupWatch::Event::kEmpty);
}

TEST_CASE("running out of memory kills, is counted, and is an event before the end") {
  if (!creel::tests::have_controller("memory")) return;
  CgroupPlan plan = creel::tests::plan_for(creel::tests::fresh_id());
  plan.resources.memory_limit = plan.resources.memory_swap = 16 << 20;
  const Cgroup group = begin(plan);
  const test::Signal go;
  const pid_t greedy = fork();
  if (greedy == 0) {
    go.await();
    for (;;) {
      char* memory = static_cast<char*>(malloc(1 << 20));
      for (int i = 0; memory != nullptr && i < 1 << 20; i += 4096) *const_cast<volatile char*>(memory + i) = 1;
    }
  }
  REQUIRE(group.add(greedy).ok());
  auto watch = CgroupWatch::open(group);
  REQUIRE(watch.ok());
  CHECK(*watch->next(0) == CgroupWatch::Event::kTimeout);
  go.say();
  CHECK(*watch->next(30'000) == CgroupWatch::Event::kOomKill);
  CHECK(test::wait_status(greedy) == 128 + SIGKILL);
  CHECK(*watch->next(30'000) == CgroupWatch::Event::kEmpty);
  CHECK(group.oom_kills() == 1);
  CHECK(cgroup_stats(group)->oom_kills == 1);
  CHECK(cgroup_stats(group)->memory_limit == 16 << 20);
  CHECK(remove_cgroup(plan, plan.path).ok());
}

TEST_CASE("exec goes to where the first process is, if the container has groups of its own") {
  if (!creel::tests::have_controller("pids")) return;
  const CgroupPlan plan = creel::tests::plan_for(creel::tests::fresh_id());
  const Cgroup group = begin(plan);
  Sleeper init;
  REQUIRE(group.add(init.pid()).ok());
  CHECK(group.joinable(init.pid())->path() == plan.path);
  // As systemd in a container does it.
  REQUIRE(mkdirat(group.fd(), "init.scope", 0755) == 0);
  auto scope = open_at(group.fd(), "init.scope", O_RDONLY | O_DIRECTORY);
  REQUIRE(write_group_file(scope->get(), "cgroup.procs", std::to_string(init.pid())).ok());
  REQUIRE(write_group_file(group.fd(), "cgroup.subtree_control", "+pids").ok());
  Sleeper exec;
  CHECK_FALSE(group.add(exec.pid()).ok());
  const auto joined = group.joinable(init.pid());
  REQUIRE(joined.ok());
  CHECK(joined->path() == plan.path + "/init.scope");
  CHECK(joined->add(exec.pid()).ok());
  // A process from elsewhere leads nowhere.
  CHECK(group.joinable(getpid()).error().code == Code::kUnavailable);
  init.end();
  exec.end();
  CHECK(remove_cgroup(plan, plan.path).ok());
}

TEST_CASE("a group that is given away can be divided by its owner, who cannot change its limits") {
  if (geteuid() != 0 || !creel::tests::have_controller("pids")) return;
  CgroupPlan plan = creel::tests::plan_for(creel::tests::fresh_id());
  plan.resources.pids_limit = 20;
  plan.owner = 65534;
  const Cgroup group = begin(plan);
  const int outcome = test::in_child([&] {
    if (!group.add(getpid()).ok() || setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
      return 1;
    if (mkdirat(group.fd(), "part", 0755) != 0) return 2;
    auto part = open_at(group.fd(), "part", O_RDONLY | O_DIRECTORY);
    if (!part.ok() || !write_group_file(part->get(), "cgroup.procs", std::to_string(getpid())).ok()) return 3;
    if (!write_group_file(group.fd(), "cgroup.subtree_control", "+pids").ok()) return 4;
    return write_group_file(group.fd(), "pids.max", "max").ok() ? 5 : 0;
  });
  CHECK(outcome == 0);
  CHECK(*read_group_file(group.fd(), "pids.max") == "20\n");
  CHECK(remove_cgroup(plan, plan.path).ok());
}

TEST_CASE("an engine that is alone in its group makes room: its processes move to a leaf") {
  if (geteuid() != 0 || !creel::tests::have_hierarchy()) return;
  // As in a container: the own group is the root of what can be seen, and holds processes.
  const CgroupPlan outer = creel::tests::plan_for(creel::tests::fresh_id());
  const Cgroup group = begin(outer);
  REQUIRE(enable_controllers(open_hierarchy()->get(), outer.path, {"hugetlb"}).ok());
  auto offered = read_group_file(group.fd(), "cgroup.controllers");
  const std::string controller = split(trim(*offered), ' ').front();
  REQUIRE(controller != "");
  const int outcome = test::in_child([&] {
    if (!group.add(getpid()).ok() || unshare(CLONE_NEWCGROUP | CLONE_NEWNS) != 0) return 1;
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 2;
    (void)umount2("/sys/fs/cgroup", MNT_DETACH);  // the same file system twice is refused
    if (mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, nullptr) != 0 || *group_of(0) != "/") return 3;
    const CgroupPlan inner = creel::tests::plan_for("inner");
    if (inner.path != "/creel-inner") return 4;
    auto placement = CgroupPlacement::begin(inner);
    if (!placement.ok()) return 5;
    if (!enable_controllers(open_hierarchy()->get(), inner.path, {controller}).ok()) return 6;
    const auto got = read_group_file(placement->cgroup().fd(), "cgroup.controllers");
    if (got->find(controller) == std::string::npos) return 7;
    return *group_of(0) == "/supervisor" ? 0 : 8;
  });
  CHECK(outcome == 0);
  CHECK(remove_cgroup(outer, outer.path).ok());
}
