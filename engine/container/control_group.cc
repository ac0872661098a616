#include "engine/container/control_group.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/runtime/cgroup/limits.h"
#include "engine/runtime/cgroup/scope.h"
#include "engine/runtime/cgroup/tree.h"

namespace creel::engine {

namespace {

using runtime::CgroupHost;
using runtime::CgroupManager;
using runtime::CgroupPlan;

constexpr const char* kSliceEnd = ".slice";

// cron, su and batch systems leave the variable out; the directory is there all the same.
std::string session_dir() {
  const char* value = std::getenv("XDG_RUNTIME_DIR");
  if (value != nullptr && value[0] == '/') return value;
  return "/run/user/" + std::to_string(getuid());
}

bool has(const CgroupHost& host, const std::string& controller) {
  return std::find(host.controllers.begin(), host.controllers.end(), controller) != host.controllers.end();
}

// Why there is no group, or not all controllers in it.
Error with_reason(Error error, const CgroupHost& host) {
  if (!host.missing.empty()) {
    error.text += ": " + host.missing;
    error.hint = host.cure;
  } else {
    error.text += ": control group " + host.own + " is not delegated to this user";
    error.hint = "without --cgroup-manager cgroupfs systemd is asked";
  }
  return error;
}

// The first limit that this host cannot enforce.
Result<void> check_controllers(const CgroupHost& host, CgroupManager manager, const runtime::Resources& resources) {
  for (const auto& need : runtime::required_controllers(resources)) {
    if (manager != CgroupManager::kNone && has(host, need.controller)) continue;
    return with_reason(
        fail(Code::kUnavailable, need.flag + " needs cgroup v2 controller \"" + need.controller + "\""), host);
  }
  return {};
}

Result<void> move_aside(const std::string& path, const char* name) {
  TRY_SET(const runtime::Cgroup group, runtime::Cgroup::open(path));
  if (mkdirat(group.fd(), name, 0755) != 0 && errno != EEXIST)
    return errno_error("making control group " + path + "/" + name);
  TRY_SET(const runtime::Cgroup aside, runtime::Cgroup::open(path + "/" + name));
  TRY_SET(const std::string processes, read_file_at(group.fd(), "cgroup.procs"));
  for (const std::string& line : split(trim(processes), '\n')) {
    auto pid = parse_int(line, "process ID");
    if (!pid.ok()) continue;
    // One that has ended meanwhile is out of the way too.
    auto moved = aside.add(static_cast<pid_t>(*pid));
    if (!moved.ok() && moved.error().err != ESRCH) return moved;
  }
  return {};
}

// --cgroups=split: beneath the caller's own group, whose processes this one moves out of the way (a group that passes
// controllers on may hold none itself).
Result<std::string> split_path(const CgroupHost& host, const std::string& id) {
  static constexpr const char* kAside = "runtime";
  std::string base = host.own;
  const std::string end = std::string("/") + kAside;
  const bool aside = base.ends_with(end);
  if (aside) base.erase(base.size() - end.size());
  if (!aside) {
    if (auto moved = move_aside(base, kAside); !moved.ok()) {
      return std::move(moved).error().within("--cgroups split").with_hint("the caller's unit needs Delegate=yes");
    }
  }
  return base + "/creel-payload-" + id;
}

Result<void> place_by_systemd(const Engine& engine, const ContainerConfig& config, CgroupPlan& plan) {
  plan.scope = "creel-" + config.id + ".scope";
  plan.slice = engine.rootless() ? "user.slice" : "machine.slice";
  plan.description = "creel container " + config.name;
  runtime::find_systemd(plan);
  if (config.cgroup_parent.empty()) return {};
  plan.slice = config.cgroup_parent.substr(config.cgroup_parent.rfind('/') + 1);
  if (plan.slice.ends_with(kSliceEnd)) return {};
  return fail(Code::kInvalid, "--cgroup-parent " + config.cgroup_parent +
                                  ": did not receive systemd slice as cgroup parent when using systemd to manage "
                                  "cgroups: invalid argument");
}

Result<void> place_by_path(const CgroupHost& host, const ContainerConfig& config, CgroupPlan& plan) {
  if (config.cgroups == "split") {
    TRY_SET(plan.path, split_path(host, config.id));
    return {};
  }
  const std::string& parent = config.cgroup_parent;
  if (parent.ends_with(kSliceEnd)) {
    return fail(Code::kInvalid, "--cgroup-parent " + parent +
                                    ": systemd slice received as cgroup parent when using cgroupfs: invalid argument");
  }
  const std::string name = "creel-" + config.id;
  TRY_SET(const CgroupPlan made,
          runtime::parse_cgroups_path(parent.empty() ? name : parent + "/" + name, config.id, false));
  plan.path = made.path;
  return {};
}

}  // namespace

const CgroupHost& control_group_host(const Engine& engine) {
  static const CgroupHost host = runtime::cgroup_host(engine.rootless() ? getuid() : 0, session_dir());
  return host;
}

Result<CgroupManager> control_group_manager(Engine& engine) {
  TRY_SET(const EngineConfiguration* configuration, engine.configuration());
  const std::string& flag = engine.options().cgroup_manager;
  const std::string& asked = flag.empty() ? configuration->cgroup_manager : flag;
  const CgroupHost& host = control_group_host(engine);
  if (asked == "systemd") {
    if (host.unified && host.systemd) return CgroupManager::kSystemd;
    if (flag.empty()) return host.own_writable ? CgroupManager::kCgroupfs : CgroupManager::kNone;
    return fail(Code::kUnavailable,
                "--cgroup-manager systemd: " + (host.unified ? "no systemd can be asked here" : host.missing));
  }
  if (asked == "cgroupfs") return host.own_writable ? CgroupManager::kCgroupfs : CgroupManager::kNone;
  if (!asked.empty()) {
    return fail(Code::kInvalid, "invalid cgroup manager \"" + asked + "\": systemd or cgroupfs is expected");
  }
  if (!host.unified) return CgroupManager::kNone;
  if (host.systemd) return CgroupManager::kSystemd;
  return host.own_writable ? CgroupManager::kCgroupfs : CgroupManager::kNone;
}

const char* to_string(CgroupManager manager) {
  switch (manager) {
    case CgroupManager::kSystemd:
      return "systemd";
    case CgroupManager::kCgroupfs:
      return "cgroupfs";
    case CgroupManager::kNone:
      return "none";
  }
  return "none";
}

Result<CgroupPlan> plan_control_group(Engine& engine, const ContainerConfig& config) {
  CgroupPlan plan;
  if (config.cgroups == "disabled") return plan;
  const bool split = config.cgroups == "split";
  plan.required = split || !config.cgroup_parent.empty() || asks_for_limit(config.limits);
  TRY_SET(plan.manager, control_group_manager(engine));
  if (split) plan.manager = CgroupManager::kCgroupfs;
  const CgroupHost& host = control_group_host(engine);
  TRY_SET(plan.resources, resources_of(config.limits));
  // Nobody asked for it: where it cannot be enforced there is none.
  if (config.limits.default_pids_limit && !has(host, "pids")) plan.resources.pids_limit.reset();
  if (plan.required) TRY(check_controllers(host, plan.manager, plan.resources));
  if (plan.manager == CgroupManager::kNone) {
    if (!plan.required) return CgroupPlan{};
    const std::string flag = split ? "--cgroups split" : "--cgroup-parent " + config.cgroup_parent;
    return with_reason(fail(Code::kUnavailable, flag + " needs cgroup v2"), host);
  }
  if (plan.manager == CgroupManager::kSystemd) {
    TRY(place_by_systemd(engine, config, plan));
  } else {
    TRY(place_by_path(host, config, plan));
  }
  return plan;
}

Result<runtime::Cgroup> control_group_of(const monitor::Observed& observed, const std::string& what) {
  if (!observed.state || observed.state->cgroup.empty()) {
    const CgroupHost host = runtime::cgroup_host(getuid(), session_dir());
    return fail(Code::kUnavailable, what + " needs a control group, which it does not have" +
                                        (host.missing.empty() ? std::string() : ": " + host.missing))
        .with_hint(host.cure);
  }
  auto group = runtime::Cgroup::open(observed.state->cgroup);
  if (!group.ok()) return std::move(group).error().within(what);
  return group;
}

CgroupPlan running_plan(const std::string& id, const std::string& path) {
  CgroupPlan plan;
  plan.path = path;
  plan.manager = CgroupManager::kCgroupfs;
  const std::string scope = "creel-" + id + ".scope";
  if (path.find("/" + scope + "/") == std::string::npos) return plan;
  plan.manager = CgroupManager::kSystemd;
  plan.scope = scope;
  runtime::find_systemd(plan);
  return plan;
}

Result<runtime::Cgroup> enter_control_group(const std::string& id, const monitor::Observed& observed) {
  if (!observed.state || observed.state->cgroup.empty()) return runtime::Cgroup();
  const std::string& path = observed.state->cgroup;
  return runtime::join_container(running_plan(id, path), path, observed.state->pid);
}

void remove_control_group(Engine& engine, const std::string& id) {
  auto text = read_file(engine.paths().running(id) + "/state", 4096);
  if (!text.ok()) return;
  const auto state = monitor::decode_state(*text);
  if (!state || state->cgroup.empty() || state->boot_id != boot_id()) return;
  (void)runtime::remove_cgroup(running_plan(id, state->cgroup), state->cgroup).ok();
}

}  // namespace creel::engine
