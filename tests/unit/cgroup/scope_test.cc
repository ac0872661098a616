// Scopes of a running systemd, the user's own or as root the system's; left out where there is none.
#include "engine/runtime/cgroup/scope.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <cstdlib>

#include "../base/support.h"
#include "base/file.h"
#include "engine/runtime/cgroup/tree.h"
#include "support.h"

using namespace creel;
using namespace creel::engine::runtime;
using creel::tests::Sleeper;

namespace {

std::string runtime_dir() {
  return geteuid() == 0 ? "/run" : "/run/user/" + std::to_string(geteuid());
}

bool have_systemd() {
  const bool there = open_hierarchy().ok() && cgroup_host(geteuid(), runtime_dir()).systemd;
  if (!there) MESSAGE("left out: no systemd with control groups (v2)");
  return there;
}

CgroupPlan scope_plan() {
  auto plan = parse_cgroups_path("", creel::tests::fresh_id(), true);
  REQUIRE(plan.ok());
  plan->bus_uid = geteuid();
  plan->runtime_dir = runtime_dir();
  plan->required = true;
  return *plan;
}

std::string show(const std::string& unit, const std::string& property) {
  std::vector<std::string> command{"systemctl", "show", "--value", "-p", property, unit};
  if (geteuid() != 0) command.insert(command.begin() + 1, "--user");
  setenv("XDG_RUNTIME_DIR", runtime_dir().c_str(), 1);  // services have none
  const auto shown = run_program(command);
  REQUIRE(shown.ok());
  return std::string(trim(shown->out));
}

// Begins, finishes and gives the group.
Cgroup place(const CgroupPlan& plan, pid_t pid) {
  auto placement = CgroupPlacement::begin(plan);
  REQUIRE_MESSAGE(placement.ok(), placement.error().text);
  CHECK(placement->clone_into() == -1);
  const auto finished = placement->finish(pid);
  REQUIRE_MESSAGE(finished.ok(), finished.error().text);
  return placement->take();
}

void check_gone(const std::string& group) {
  // systemd notices by itself; the directory's end is the event.
  auto hierarchy = open_hierarchy();
  for (int i = 0; i < 500 && open_group(hierarchy->get(), group).ok(); ++i) usleep(10'000);
  CHECK_FALSE(open_group(hierarchy->get(), group).ok());
}

}  // namespace

TEST_CASE("a container's process is in a scope of its own, in a sub-group that is ours") {
  if (!have_systemd()) return;
  CgroupPlan plan = scope_plan();
  plan.resources.memory_limit = 64 << 20;
  plan.resources.pids_limit = 50;
  plan.resources.cpu_shares = 512;
  plan.resources.cpu_quota = 50000;
  std::string scope;
  {
    Sleeper one;
    const Cgroup group = place(plan, one.pid());
    scope = parent_group(group.path());
    CHECK(group.path().ends_with("/" + plan.scope + "/container"));
    CHECK(*group_of(one.pid()) == group.path());
    CHECK(*read_group_file(group.fd(), "memory.max") == "67108864\n");
    CHECK(*read_group_file(group.fd(), "pids.max") == "50\n");
    CHECK(*read_group_file(group.fd(), "cpu.max") == "50000 100000\n");
    CHECK(show(plan.scope, "ActiveState") == "active");
    CHECK(show(plan.scope, "Delegate") == "yes");
    CHECK(show(plan.scope, "MemoryMax") == "67108864");
    CHECK(show(plan.scope, "TasksMax") == "50");
    CHECK(show(plan.scope, "CPUWeight") == "20");
    CHECK(show(plan.scope, "Description") == plan.description);

    Resources change;
    change.memory_limit = 128 << 20;
    change.cpu_shares = 1024;
    REQUIRE(update_cgroup(plan, group, change).ok());
    CHECK(*read_group_file(group.fd(), "memory.max") == "134217728\n");
    CHECK(*read_group_file(group.fd(), "pids.max") == "50\n");
    CHECK(show(plan.scope, "MemoryMax") == "134217728");
    CHECK(show(plan.scope, "TasksMax") == "50");
    CHECK(show(plan.scope, "CPUWeight") == "39");

    REQUIRE(group.freeze(true).ok());
    CHECK(group.frozen());
    REQUIRE(group.freeze(false).ok());
    REQUIRE(group.signal_all(SIGKILL).ok());
    CHECK(one.wait() == SIGKILL);
    CHECK(remove_cgroup(plan, group.path()).ok());
  }
  check_gone(scope);
  CHECK(show(plan.scope, "LoadState") == "not-found");
}

TEST_CASE("a scope without limits has none, not systemd's defaults") {
  if (!have_systemd()) return;
  const CgroupPlan plan = scope_plan();
  Sleeper one;
  const Cgroup group = place(plan, one.pid());
  CHECK(show(plan.scope, "TasksMax") == "infinity");
  CHECK(*read_group_file(group.fd(), "memory.max") == "max\n");
  one.end();
  CHECK(remove_cgroup(plan, group.path()).ok());
}

TEST_CASE("a container that is started again at once gets its scope") {
  if (!have_systemd()) return;
  const CgroupPlan plan = scope_plan();
  for (int i = 0; i < 5; ++i) {
    Sleeper one;
    const Cgroup group = place(plan, one.pid());
    one.end();
    CHECK(remove_cgroup(plan, group.path()).ok());
  }
}

TEST_CASE("a scope that is in use is not taken") {
  if (!have_systemd()) return;
  const CgroupPlan plan = scope_plan();
  Sleeper one;
  const Cgroup group = place(plan, one.pid());
  Sleeper two;
  auto placement = CgroupPlacement::begin(plan);
  REQUIRE(placement.ok());
  const auto refused = placement->finish(two.pid());
  CHECK(refused.error().code == Code::kInUse);
  CHECK(refused.error().text == "start the scope " + plan.scope + ": there are processes in it already");
  CHECK(*group_of(one.pid()) == group.path());
  one.end();
  check_gone(parent_group(group.path()));
}

TEST_CASE("who is beside the container in its scope survives it, and is waited for by the next start") {
  if (!have_systemd()) return;
  const CgroupPlan plan = scope_plan();
  Sleeper client;
  {
    Sleeper one;
    const Cgroup group = place(plan, one.pid());
    auto scope = Cgroup::open(parent_group(group.path()));
    REQUIRE(scope.ok());
    REQUIRE(mkdirat(scope->fd(), "exec", 0755) == 0);
    auto beside = Cgroup::open(scope->path() + "/exec");
    REQUIRE(beside.ok());
    if (!beside->add(client.pid()).ok()) {
      MESSAGE("left out: not from a login session");
      return;
    }
    one.end();
    CHECK(remove_cgroup(plan, group.path()).ok());
    CHECK(group_of(client.pid())->ends_with(plan.scope + "/exec"));
  }
  kill(client.pid(), SIGKILL);
  Sleeper two;
  const Cgroup group = place(plan, two.pid());
  CHECK(client.wait() == SIGKILL);
  two.end();
  CHECK(remove_cgroup(plan, group.path()).ok());
}

TEST_CASE("a slice is the parent") {
  if (!have_systemd()) return;
  CgroupPlan plan = scope_plan();
  plan.slice = "creeltest-pod.slice";
  Sleeper one;
  const Cgroup group = place(plan, one.pid());
  CHECK(group.path().find("/creeltest.slice/creeltest-pod.slice/" + plan.scope) != std::string::npos);
  one.end();
  CHECK(remove_cgroup(plan, group.path()).ok());
  if (geteuid() == 0) (void)run_program({"systemctl", "stop", "creeltest.slice"}).ok();
}

TEST_CASE("without systemd's own socket the bus does") {
  if (!have_systemd()) return;
  CgroupPlan plan = scope_plan();
  if (plan.bus_uid == 0) {
    MESSAGE("left out: as root the address is fixed");
    return;
  }
  plan.bus_address = "unix:path=" + plan.runtime_dir + "/bus";
  plan.runtime_dir = "/nonexistent";
  Sleeper one;
  const Cgroup group = place(plan, one.pid());
  CHECK(*group_of(one.pid()) == group.path());
  one.end();
  CHECK(remove_cgroup(plan, group.path()).ok());
}

TEST_CASE("from inside a user namespace") {
  if (!have_systemd()) return;
  const CgroupPlan plan = scope_plan();
  const uid_t uid = geteuid();
  const int outcome = test::in_child([&] {
    if (unshare(CLONE_NEWUSER) != 0) return 1;
    auto map = open_file("/proc/self/uid_map", O_WRONLY);
    if (!map.ok() || !write_all(map->get(), "0 " + std::to_string(uid) + " 1").ok()) return 2;
    const pid_t child = fork();
    if (child == 0) {
      for (;;) pause();
    }
    // Who we are outside, as the runtime of another engine has to find it out.
    CgroupPlan found;
    find_systemd(found);
    if (found.bus_uid != uid) return 4;
    auto placement = CgroupPlacement::begin(plan);
    int result = placement.ok() && placement->finish(child).ok() ? 0 : 3;
    const auto group = group_of(child);
    if (!group.ok() || !group->ends_with(plan.scope + "/container")) result += 10;
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    if (group.ok() && result == 0 && !remove_cgroup(plan, *group).ok()) result = 20;
    return result;
  });
  CHECK(outcome == 0);
}

TEST_CASE("without any systemd it is an error where groups are needed, and else none") {
  if (!open_hierarchy().ok()) {
    MESSAGE("left out: no control groups (v2)");
    return;
  }
  CgroupPlan plan;
  plan.manager = CgroupManager::kSystemd;
  plan.scope = "creel-none.scope";
  plan.bus_uid = 4711;
  plan.runtime_dir = "/nonexistent";
  Sleeper one;
  auto placement = CgroupPlacement::begin(plan);
  REQUIRE(placement.ok());
  CHECK(placement->finish(one.pid()).ok());
  CHECK_FALSE(placement->cgroup().valid());

  plan.resources.memory_limit = 1 << 20;
  auto limited = CgroupPlacement::begin(plan);
  REQUIRE(limited.ok());
  const auto refused = limited->finish(one.pid());
  CHECK(refused.error().code == Code::kUnavailable);
  CHECK(refused.error().text ==
        "--memory needs cgroup v2 controller \"memory\": systemd of user 4711 cannot be reached: "
        "connect to /nonexistent/systemd/private: No such file or directory");
  CHECK(refused.error().hint.find("--cgroup-manager cgroupfs") != std::string::npos);
}
