#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/cgroup/cgroup.h"
#include "engine/runtime/cgroup/controllers.h"
#include "engine/runtime/cgroup/home.h"
#include "engine/runtime/cgroup/limits.h"
#include "engine/runtime/cgroup/scope.h"
#include "engine/runtime/cgroup/tree.h"

namespace creel::engine::runtime {

namespace {

constexpr int kEndTimeoutMs = 2'000;

std::string last_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// Why there is no group, as the error of the first limit that was asked for.
Error cannot_limit(const Resources& resources, Error why) {
  why.code = Code::kUnavailable;
  const auto required = required_controllers(resources);
  if (required.empty()) return why;
  return std::move(why).within(required.front().flag + " needs cgroup v2 controller \"" + required.front().controller +
                               "\"");
}

std::vector<std::string> wanted_controllers(const Resources& resources) {
  std::vector<std::string> wanted = usual_controllers();
  for (const auto& need : required_controllers(resources)) {
    if (std::find(wanted.begin(), wanted.end(), need.controller) == wanted.end()) wanted.push_back(need.controller);
  }
  return wanted;
}

// Only root of the initial user namespace can load device filters, and only its containers need them.
bool in_initial_userns() {
  if (geteuid() != 0) return false;
  const auto map = read_file("/proc/self/uid_map");
  return map.ok() && map->find("4294967295") != std::string::npos;
}

// Limits that lack a controller name it; why it could not be enabled is the reason behind that.
Result<void> limit(const Cgroup& cgroup, const CgroupPlan& plan, const Result<void>& enabled) {
  auto limited = cgroup.apply(plan.resources);
  if (!limited.ok()) {
    Error error = std::move(limited).error();
    if (error.code == Code::kUnavailable && !enabled.ok()) error.text += " (" + enabled.error().text + ")";
    return error;
  }
  if (plan.owner) TRY(give_group(cgroup.fd(), *plan.owner));
  return {};
}

Result<void> filter(const Cgroup& cgroup, const CgroupPlan& plan) {
  const auto& rules = plan.resources.devices;
  static const DeviceRule kAll{true, 'a', {}, {}, "rwm"};
  if (rules.empty() || (rules.size() == 1 && rules.front() == kAll) || !in_initial_userns()) return {};
  return cgroup.filter_devices(rules);
}

// A new group: one that an earlier container left is removed with its limits, one that is in use is not ours.
Result<Fd> make_fresh(int hierarchy, const std::string& path) {
  if (auto there = open_group(hierarchy, path); there.ok()) {
    TRY_SET(const std::string events, read_group_file(there->get(), "cgroup.events"));
    if (flat_value(events, "populated") == "1") {
      return fail(Code::kInUse, "control group " + path + ": there are processes in it already");
    }
    TRY_SET(const Fd parent, open_group(hierarchy, parent_group(path)));
    TRY(remove_groups(parent.get(), last_name(path)));
  }
  return make_group(hierarchy, path);
}

}  // namespace

Result<CgroupPlacement> CgroupPlacement::begin(const CgroupPlan& plan) {
  CgroupPlacement out;
  out.plan_ = &plan;
  const bool needed = plan.required || plan.resources.any_limit();
  if (plan.manager == CgroupManager::kNone) {
    if (!needed) return out;
    auto hierarchy = open_hierarchy();
    if (!hierarchy.ok()) return cannot_limit(plan.resources, std::move(hierarchy).error());
    return cannot_limit(plan.resources,
                        fail(Code::kUnavailable, "the container has no control group (--cgroups=disabled)"));
  }
  auto hierarchy = open_hierarchy();
  if (!hierarchy.ok()) {
    if (!needed) return out;
    return cannot_limit(plan.resources, std::move(hierarchy).error());
  }
  if (plan.manager == CgroupManager::kSystemd) return out;

  TRY_SET(const std::string path, clean_group_path(plan.path));
  if (path == "/") return fail(Code::kInvalid, "control group /: the root is no container's group");
  auto made = make_fresh(hierarchy->get(), path);
  if (!made.ok()) {
    const int err = made.error().err;
    const bool refused = err == EACCES || err == EPERM || err == EROFS;
    if (refused && !needed) return out;
    if (!refused) return std::move(made).error();
    // Whoever chose no group of their own learns what is wrong with the usual one, and the cure.
    auto home = home_group(hierarchy->get());
    return cannot_limit(plan.resources, home.ok() ? std::move(made).error() : std::move(home).error());
  }
  out.cgroup_.path_ = path;
  out.cgroup_.dir_ = std::move(*made);
  auto enabled = enable_controllers(hierarchy->get(), path, wanted_controllers(plan.resources));
  auto limited = limit(out.cgroup_, plan, enabled);
  if (!limited.ok()) {
    (void)remove_cgroup(plan, path).ok();
    return std::move(limited).error();
  }
  out.into_ = out.cgroup_.fd();
  return out;
}

Result<void> CgroupPlacement::finish(pid_t pid) {
  // The kernel checks and compiles a filter while the process is already at work; it waits for this before the exec.
  if (plan_->manager == CgroupManager::kCgroupfs && cgroup_.valid()) return filter(cgroup_, *plan_);
  if (plan_->manager != CgroupManager::kSystemd) return {};
  const bool needed = plan_->required || plan_->resources.any_limit();
  auto hierarchy = open_hierarchy();
  if (!hierarchy.ok()) return {};  // begin() has found that none is needed
  auto started = start_scope(*plan_, pid);
  if (!started.ok()) {
    if (started.error().code != Code::kUnavailable) return started;
    if (!needed) return {};
    return cannot_limit(plan_->resources, std::move(started).error());
  }
  // Faster than to ask systemd, and the kernel's word: nobody but systemd could have moved it there.
  TRY_SET(const std::string scope_path, group_of(pid));
  const std::string name = last_name(scope_path);
  // systemd puts "_" before what looks like a file of the kernel's.
  if (name != plan_->scope && name != "_" + plan_->scope) {
    return fail(Code::kFailed,
                "the scope " + plan_->scope + " was started, but the container is in control group " + scope_path);
  }
  TRY_SET(const Fd scope, open_group(hierarchy->get(), scope_path));
  if (mkdirat(scope.get(), kScopeSubGroup, 0755) != 0 && errno != EEXIST) {
    return errno_error("make the control group " + scope_path + "/" + kScopeSubGroup);
  }
  TRY_SET(cgroup_.dir_, open_beneath(scope.get(), kScopeSubGroup, O_RDONLY | O_DIRECTORY));
  cgroup_.path_ = scope_path + "/" + kScopeSubGroup;
  // A group with processes passes no controllers on, so the process moves first. It waits until all limits hold.
  TRY(cgroup_.add(pid));
  auto enabled = enable_offered(scope.get(), wanted_controllers(plan_->resources));
  TRY(limit(cgroup_, *plan_, enabled));
  return filter(cgroup_, *plan_);
}

Result<void> update_cgroup(const CgroupPlan& plan, const Cgroup& cgroup, const Resources& resources) {
  TRY(cgroup.apply(resources));
  return plan.manager == CgroupManager::kSystemd ? update_scope(plan, resources) : Result<void>();
}

Result<void> remove_cgroup(const CgroupPlan&, const std::string& path) {
  auto hierarchy = open_hierarchy();
  if (!hierarchy.ok()) return {};
  TRY_SET(const std::string clean, clean_group_path(path));
  if (clean == "/") return {};
  auto group = open_group(hierarchy->get(), clean);
  if (!group.ok()) return group.error().err == ENOENT ? Result<void>() : std::move(group).error();
  // ENODEV: it has just been removed by another.
  auto empty = await_group_event(group->get(), "populated", "0", kEndTimeoutMs);
  if (!empty.ok() && empty.error().err == ETIMEDOUT) {
    return fail(Code::kInUse, "remove control group " + clean + ": there are processes in it");
  }
  auto parent = open_group(hierarchy->get(), parent_group(clean));
  if (!parent.ok()) return parent.error().err == ENOENT ? Result<void>() : std::move(parent).error();
  auto removed = remove_groups(parent->get(), last_name(clean));
  if (!removed.ok()) return std::move(removed).error().within("control group " + parent_group(clean));
  // A scope is systemd's to remove, as soon as it is empty. It is not stopped: what is left in it is not the
  // container's, but a client of `exec`, say, that is about to tell how that ended.
  return {};
}

}  // namespace creel::engine::runtime
