// Giving a group its controllers: they are enabled in every group above it (cgroup.subtree_control), from the root
// down. Who runs this and with what rights: see cgroup.h. Not thread-safe against others that change the same groups;
// losing such a race is an error, never a wrong limit.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace creel::engine::runtime {

// What every container's group should have, where the host offers it: statistics need them.
std::vector<std::string> usual_controllers();

// Enables `wanted` for the group `path`, as far as they are offered. Groups above it that hold processes of their own
// cannot pass controllers on: if it is the caller's own group, and delegated to the caller, these processes move to a
// leaf of it, "supervisor"; elsewhere that is an error. An error is not fatal by itself: write_limits() tells what is
// missing.
Result<void> enable_controllers(int hierarchy, const std::string& path, const std::vector<std::string>& wanted);

// Enables what `group` offers for those beneath it, which must not hold processes.
Result<void> enable_offered(int group, const std::vector<std::string>& wanted);

}  // namespace creel::engine::runtime
