#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/cgroup/cgroup.h"
#include "engine/runtime/cgroup/controllers.h"
#include "engine/runtime/cgroup/limits.h"
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
    return refused ? cannot_limit(plan.resources, std::move(made).error()) : std::move(made).error();
  }
  out.cgroup_.path_ = path;
  out.cgroup_.dir_ = std::move(*made);
  // Limits that lack a controller name it; why it could not be enabled is the reason behind that.
  auto enabled = enable_controllers(hierarchy->get(), path, wanted_controllers(plan.resources));
  auto limited = out.cgroup_.apply(plan.resources);
  if (limited.ok() && !plan.resources.devices.empty() && in_initial_userns()) {
    limited = out.cgroup_.filter_devices(plan.resources.devices);
  }
  if (!limited.ok()) {
    (void)remove_cgroup(plan, path).ok();
    Error error = std::move(limited).error();
    if (error.code == Code::kUnavailable && !enabled.ok()) error.text += " (" + enabled.error().text + ")";
    return error;
  }
  out.into_ = out.cgroup_.fd();
  return out;
}

Result<void> CgroupPlacement::finish(pid_t) {
  return {};
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
  TRY_SET(const Fd parent, open_group(hierarchy->get(), parent_group(clean)));
  auto removed = remove_groups(parent.get(), last_name(clean));
  if (!removed.ok()) return std::move(removed).error().within("control group " + parent_group(clean));
  return {};
}

}  // namespace creel::engine::runtime
