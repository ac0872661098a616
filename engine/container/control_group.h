// Where a container's control group is, and the group itself. See engine/runtime/cgroup/cgroup.h. Not thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/engine.h"
#include "engine/monitor/shared/record.h"
#include "engine/runtime/cgroup/cgroup.h"

namespace creel::engine {

// What this host offers to this caller; the same at each call.
const runtime::CgroupHost& control_group_host(const Engine& engine);
// systemd where it can be asked, else cgroupfs where a group is delegated, else none; `--cgroup-manager` and
// containers.conf go before. kInvalid, kUnavailable.
Result<runtime::CgroupManager> control_group_manager(Engine& engine);
// "systemd", "cgroupfs", "none".
const char* to_string(runtime::CgroupManager manager);

// For this start of the container. kUnavailable names the controller that a limit asked for lacks.
Result<runtime::CgroupPlan> plan_control_group(Engine& engine, const ContainerConfig& config);

// Of one that runs. kUnavailable where it has none; `what` is what cannot be done without: "pausing container NAME".
Result<runtime::Cgroup> control_group_of(const monitor::Observed& observed, const std::string& what);
// What update_cgroup() and remove_cgroup() need to know of who made the group at `path`.
runtime::CgroupPlan running_plan(const std::string& id, const std::string& path);
// For `exec`: where its process goes; invalid where the container has none. From a group that is not ours (a login
// session) nothing can be moved: systemd then puts this process, and so its child, where it may.
Result<runtime::Cgroup> enter_control_group(const std::string& id, const monitor::Observed& observed);
// Of one that has ended, where nobody has removed it.
void remove_control_group(Engine& engine, const std::string& id);

}  // namespace creel::engine
