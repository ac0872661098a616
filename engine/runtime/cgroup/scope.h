// systemd's transient scopes: the part of a container's group that is systemd's. See org.freedesktop.systemd1(5),
// systemd.scope(5), systemd.resource-control(5).
//
// Who runs this: creel-monitor and creel-runtime; as a user they talk to that user's systemd, also from inside the
// engine's user namespace. Blocking, each call for 10 s at most. Errors: kUnavailable where no systemd can be reached.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "engine/runtime/cgroup/cgroup.h"

namespace creel::engine::runtime {

// Of a scope, the sub-group with the container's processes.
inline constexpr const char* kScopeSubGroup = "container";

// Makes the scope around `pid`, delegated to us, and waits until it is there. What competes with other groups (weights,
// protections) and what `systemctl status` shows are properties of the scope. kInUse: a scope of that name has
// processes.
Result<void> start_scope(const CgroupPlan& plan, pid_t pid);
// The same properties, changed. Only what is set is changed.
Result<void> update_scope(const CgroupPlan& plan, const Resources& resources);
// Moves this process beside the container at `path` in the scope, from where it can start processes in the container's
// group: for a caller in a group that is not its own (a login session), whom only systemd can move.
Result<void> join_scope(const CgroupPlan& plan, const std::string& path);
// The group at `path` as this process can start processes in it; for that it may be moved itself, by join_scope(). `first`: the
// container's first process, see Cgroup::joinable().
Result<Cgroup> join_container(const CgroupPlan& plan, const std::string& path, pid_t first);

}  // namespace creel::engine::runtime
