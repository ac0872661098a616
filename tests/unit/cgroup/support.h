// A real cgroup v2 hierarchy for tests: where the host shows none at /sys/fs/cgroup (v1, hybrid), a private mount of
// it, which root alone can make. It may have few controllers there; cases that need more say so and are left out.
#pragma once

#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/text.h"
#include "engine/runtime/cgroup/cgroup.h"
#include "engine/runtime/cgroup/home.h"
#include "engine/runtime/cgroup/tree.h"

namespace creel::tests {

// Whether this process can make groups; says why not. Once per process: the mount stays.
inline bool have_hierarchy() {
  static const bool there = [] {
    using namespace engine::runtime;
    if (!open_hierarchy().ok() && geteuid() == 0 && unshare(CLONE_NEWNS) == 0) {
      (void)mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
      (void)mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, nullptr);
    }
    auto hierarchy = open_hierarchy();
    return hierarchy.ok() && home_group(hierarchy->get()).ok();
  }();
  if (!there) MESSAGE("left out: no control groups (v2) that this user can write to");
  return there;
}

// Whether a group beside ours gets this controller; says so if not.
inline bool have_controller(const std::string& name) {
  if (!have_hierarchy()) return false;
  using namespace engine::runtime;
  auto hierarchy = open_hierarchy();
  auto home = home_group(hierarchy->get());
  auto group = open_group(hierarchy->get(), *home);
  auto text = read_group_file(group->get(), "cgroup.controllers");
  const auto offered = split(trim(*text), ' ');
  const bool there = std::find(offered.begin(), offered.end(), name) != offered.end();
  if (!there) MESSAGE("left out: no controller \"" << name << "\"");
  return there;
}

// A name that no other run of this program has.
inline std::string fresh_id() {
  return "test-" + random_hex(6);
}

inline engine::runtime::CgroupPlan plan_for(const std::string& id) {
  auto plan = engine::runtime::parse_cgroups_path("", id, false);
  REQUIRE(plan.ok());
  return *plan;
}

// A child that does nothing until it is killed; cloned into a group where one is given.
class Sleeper {
 public:
  Sleeper() : pid_(fork()) {
    if (pid_ == 0) {
      signal(SIGTERM, SIG_DFL);  // doctest's own handler would report a crash
      for (;;) pause();
    }
    REQUIRE(pid_ > 0);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() {
    if (pid_ > 0) (void)end();
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // The signal that ended it.
  int wait() {
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }
  int end() {
    kill(pid_, SIGKILL);
    return wait();
  }

 private:
  pid_t pid_;
};

}  // namespace creel::tests
