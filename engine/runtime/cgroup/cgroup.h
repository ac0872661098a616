// The control group of one container: cgroup v2, made by ourselves (cgroupfs) or by systemd (a transient scope).
//
// Who runs this: creel-monitor and creel-runtime, which place a container's first process; `creel pause`, `stats`,
// `update` and `exec` on one that exists. As real root, or as a user with a delegated subtree (inside its user
// namespace or outside: cgroup files do not know user namespaces). No JSON, no SQLite, no threads, little memory: it is
// a part of the monitor. See cgroups(7), Documentation/admin-guide/cgroup-v2.rst, org.freedesktop.systemd1(5).
//
// On a cgroup v1 or hybrid host, and where nothing is delegated, there are no control groups: containers run without
// limits, and a limit that is asked for is an error that names what is missing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/runtime/cgroup/resources.h"

namespace creel::engine::runtime {

enum class CgroupManager : std::uint8_t { kNone, kCgroupfs, kSystemd };

// Where a container's group is to be, and what it limits. A part of Plan.
struct CgroupPlan {
  CgroupManager manager = CgroupManager::kNone;
  // kCgroupfs: the group, from the root of the hierarchy ("/user.slice/…/creel-ID").
  std::string path;
  // kSystemd: "user.slice" or empty (the manager's default), and "creel-ID.scope". The container's processes live in
  // the sub-group "container" of the scope, which is ours (Delegate=yes): systemd never rewrites limits there.
  std::string slice, scope;
  std::uint32_t bus_uid = 0;  // whose systemd: 0 is the system's
  std::string runtime_dir;    // XDG_RUNTIME_DIR of that user, where systemd's private socket and the bus are
  std::string bus_address;    // DBUS_SESSION_BUS_ADDRESS, tried after those; may be empty
  std::string description;    // of the scope
  // Without it a host that cannot make groups is no error: the container then has none.
  bool required = false;
  // Who may make groups of their own in it: config-linux.md, "Cgroup ownership". As this process sees the ID. The
  // limits stay ours.
  std::optional<std::uint32_t> owner;
  Resources resources;
};

// What this host offers to this process.
struct CgroupHost {
  bool unified = false;                  // /sys/fs/cgroup is cgroup v2
  std::string own;                       // this process's group, "/user.slice/user-1000.slice/session-3.scope"
  bool own_writable = false;             // it is delegated to us: cgroupfs can be used beneath its parent
  bool systemd = false;                  // systemd (the user's, or the system's as root) can be asked
  std::vector<std::string> controllers;  // that a container's group would get: "cpu", "memory", …
  // Why no limit can be enforced, and the cure; empty where all is well.
  std::string missing, cure;
};
CgroupHost cgroup_host(uid_t uid, const std::string& runtime_dir);

// An existing group.
class Cgroup {
 public:
  Cgroup() = default;
  // By its path from the root of the hierarchy. kNotFound.
  static Result<Cgroup> open(const std::string& path);
  [[nodiscard]] bool valid() const { return dir_.valid(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  // For clone3(2) with CLONE_INTO_CGROUP.
  [[nodiscard]] int fd() const { return dir_.get(); }

  Result<void> add(pid_t pid) const;
  // Waits until the kernel says that all are frozen (cgroup.events), or thawed.
  Result<void> freeze(bool frozen) const;
  [[nodiscard]] bool frozen() const;
  // Only what is set is changed. kUnavailable names the controller that is missing; kInvalid the value.
  Result<void> apply(const Resources& resources) const;
  // A BPF program of type cgroup device, CAP_SYS_ADMIN of the initial namespace needed; replaces the one before it.
  Result<void> filter_devices(const std::vector<DeviceRule>& rules) const;
  Result<void> signal_all(int signal) const;                   // cgroup.kill for SIGKILL where the kernel has it
  [[nodiscard]] Result<std::vector<pid_t>> processes() const;  // of it and all beneath
  // Where `exec` goes: this group, or where the container has groups of its own in it (it runs an init system), and so
  // none of its processes here, the one that its first process is in. kUnavailable: that is not beneath this one.
  [[nodiscard]] Result<Cgroup> joinable(pid_t first_process) const;
  [[nodiscard]] std::uint64_t oom_kills() const;  // memory.events: oom_kill; 0 where it cannot be read

 private:
  std::string path_;
  Fd dir_;
  friend class CgroupPlacement;
};

// Making a container's group. begin() before the clone: with cgroupfs the group exists then and its fd() goes to
// clone3; finish() after it: with systemd the scope is made around `pid` now. The order suits both.
class CgroupPlacement {
 public:
  // With kNone, or where nothing can be made and it is not required: success with an invalid cgroup().
  static Result<CgroupPlacement> begin(const CgroupPlan& plan);
  // -1: cloned outside; finish() moves it.
  [[nodiscard]] int clone_into() const { return into_; }
  // The process is where it belongs as soon as it is cloned.
  [[nodiscard]] bool placed_by_clone() const { return plan_->manager != CgroupManager::kSystemd; }
  Result<void> finish(pid_t pid);
  [[nodiscard]] const Cgroup& cgroup() const { return cgroup_; }
  Cgroup take() { return std::move(cgroup_); }

 private:
  const CgroupPlan* plan_ = nullptr;
  Cgroup cgroup_;
  int into_ = -1;
};

// `creel update`: apply(), and for a scope its properties too, lest systemd's copy of a limit is the stricter one.
Result<void> update_cgroup(const CgroupPlan& plan, const Cgroup& cgroup, const Resources& resources);

// Removes the group and its sub-groups; a scope goes by itself once it is empty. Waits a little for processes that are
// just ending.
// Absent: success.
Result<void> remove_cgroup(const CgroupPlan& plan, const std::string& path);

struct CgroupStats {
  std::uint64_t cpu_usage_us = 0, cpu_user_us = 0, cpu_system_us = 0;
  std::uint64_t throttled_periods = 0, periods = 0, throttled_us = 0;
  std::uint64_t memory_usage = 0, memory_limit = 0, memory_peak = 0;  // bytes; limit 0: none
  std::uint64_t memory_swap_usage = 0, memory_swap_limit = 0;
  std::uint64_t memory_anon = 0, memory_file = 0, memory_kernel = 0;
  std::uint64_t memory_inactive_file = 0;
  std::uint64_t pids_current = 0, pids_limit = 0;
  std::uint64_t io_read_bytes = 0, io_write_bytes = 0, io_reads = 0, io_writes = 0;
  std::uint64_t oom_kills = 0;
};
// Of the controllers that are there; the rest stays 0.
Result<CgroupStats> cgroup_stats(const Cgroup& cgroup);

// What happens to a group, as it happens. Not thread-safe.
class CgroupWatch {
 public:
  enum class Event : std::uint8_t {
    kTimeout,
    kOomKill,  // the kernel has killed a process of it for want of memory; one event for all since the last
    kEmpty,    // its last process has ended
  };
  // Counts from now on. Without the memory controller there are no kOomKill.
  static Result<CgroupWatch> open(const Cgroup& cgroup);
  // kOomKill comes before the kEmpty that it causes. `timeout_ms` -1: none.
  Result<Event> next(int timeout_ms);
  // For poll(2) with POLLPRI, then next(0); -1 where absent.
  [[nodiscard]] int memory_fd() const { return memory_.get(); }

 private:
  Fd memory_, events_;
  std::uint64_t kills_ = 0;
};

// Fills in whose systemd this process would ask, and where: from XDG_RUNTIME_DIR and DBUS_SESSION_BUS_ADDRESS, and in a
// user namespace from who we are outside of it.
void find_systemd(CgroupPlan& plan);

// linux.cgroupsPath as runc and crun take it: "slice:prefix:name" for systemd, a path for cgroupfs (relative: beneath
// the runtime's default parent). `id`: the container's, where the path is empty. With systemd, find_systemd()
// is included. kInvalid.
Result<CgroupPlan> parse_cgroups_path(const std::string& cgroups_path, const std::string& id, bool systemd);

}  // namespace creel::engine::runtime
