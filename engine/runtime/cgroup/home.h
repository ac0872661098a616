// Where a container's group goes when nobody says. See cgroup.h.
#pragma once

#include <string>

#include "base/result.h"

namespace creel::engine::runtime {

inline constexpr const char* kDelegateCure =
    "an administrator delegates them: `systemctl edit user@.service`, \"[Service]\", \"Delegate=cpu cpuset io memory "
    "pids\"";

// The group above the caller's own, which holds no processes and so can pass controllers on, if it is ours to write to;
// else the caller's own. kUnavailable, with the cure, where neither is.
Result<std::string> home_group(int hierarchy);

}  // namespace creel::engine::runtime
