#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/cgroup/cgroup.h"
#include "engine/runtime/cgroup/controllers.h"
#include "engine/runtime/cgroup/home.h"
#include "engine/runtime/cgroup/tree.h"

namespace creel::engine::runtime {

namespace {

// Our user ID outside of the user namespace that we may be in ("0 1000 1": inside, outside, count). Of nested ones the
// parent is seen, which is the host for the engine's own.
std::uint32_t outside_uid() {
  const std::uint32_t uid = geteuid();
  std::uint64_t inside = 0, outside = 0, count = 0;
  const auto map = read_file("/proc/self/uid_map");
  for (const std::string& line : split(map.ok() ? *map : std::string(), '\n')) {
    if (sscanf(line.c_str(), "%lu %lu %lu", &inside, &outside, &count) != 3) continue;
    if (uid >= inside && uid - inside < count) return static_cast<std::uint32_t>(outside + (uid - inside));
  }
  return uid;
}

}  // namespace

Result<std::string> home_group(int hierarchy) {
  TRY_SET(std::string own, group_of(0));
  const std::string parent = parent_group(own);
  TRY_SET(const Fd above, open_group(hierarchy, parent));
  if (group_writable(above.get())) return parent;
  TRY_SET(const Fd here, open_group(hierarchy, own));
  if (group_writable(here.get())) return own;
  return fail(Code::kUnavailable, "control group " + own + " is not delegated to this user")
      .with_hint(
          "log in where systemd runs for the user, or start the command by `systemd-run --user --scope -p "
          "Delegate=yes`");
}

CgroupHost cgroup_host(uid_t uid, const std::string& runtime_dir) {
  CgroupHost out;
  auto hierarchy = open_hierarchy();
  if (!hierarchy.ok()) {
    out.missing = hierarchy.error().text;
    out.cure = hierarchy.error().hint;
    return out;
  }
  out.unified = true;
  if (auto own = group_of(0); own.ok()) out.own = std::move(*own);
  auto home = home_group(hierarchy->get());
  out.own_writable = home.ok();
  const std::string run = uid == 0 ? "/run" : runtime_dir;
  out.systemd = !run.empty() && (access((run + "/systemd/private").c_str(), W_OK) == 0 ||
                                 access((run + (uid == 0 ? "/dbus/system_bus_socket" : "/bus")).c_str(), W_OK) == 0);
  // What systemd's groups get is what the group of that systemd has.
  std::string source = home.ok() ? *home : std::string();
  if (out.systemd) {
    const std::string id = std::to_string(uid);
    source = uid == 0 ? "/" : "/user.slice/user-" + id + ".slice/user@" + id + ".service";
  }
  if (source.empty()) {
    out.missing = home.error().text;
    out.cure = home.error().hint;
    return out;
  }
  if (auto group = open_group(hierarchy->get(), source); group.ok()) {
    if (auto text = read_group_file(group->get(), "cgroup.controllers"); text.ok() && !trim(*text).empty()) {
      out.controllers = split(trim(*text), ' ');
    }
  }
  std::vector<std::string> lacking;
  for (const std::string& one : usual_controllers()) {
    if (std::find(out.controllers.begin(), out.controllers.end(), one) == out.controllers.end()) lacking.push_back(one);
  }
  if (!lacking.empty()) {
    out.missing = "control group " + source + " lacks the controllers " + join(lacking, ", ");
    out.cure = kDelegateCure;
  }
  return out;
}

void find_systemd(CgroupPlan& plan) {
  const auto variable = [](const char* name) {
    const char* value = getenv(name);
    return value == nullptr ? std::string() : std::string(value);
  };
  plan.bus_uid = outside_uid();
  plan.runtime_dir = variable("XDG_RUNTIME_DIR");
  plan.bus_address = variable("DBUS_SESSION_BUS_ADDRESS");
  const std::string usual = "/run/user/" + std::to_string(plan.bus_uid);
  if (plan.bus_uid != 0 && plan.runtime_dir.empty() && access(usual.c_str(), X_OK) == 0) plan.runtime_dir = usual;
}

}  // namespace creel::engine::runtime
