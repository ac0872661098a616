// A mount of the specification as a step of the plan: option names become MOUNT_ATTR_*, propagation and the file
// system's own parameters. See config.md "Mounts", mount(8), mount_setattr(2). Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/runtime/child/plan.h"
#include "engine/runtime/spec.h"

namespace creel::engine::runtime {

// kInvalid names the option and the destination.
Result<MountStep> compile_mount(const Mount& mount);

// "rprivate", "slave", … as MS_*, with MS_REC for the recursive ones; 0: not one of them.
std::uint64_t propagation_of(const std::string& option);

// kInvalid: a range that is empty, or ends past the last ID.
Result<std::vector<IdMapStep>> compile_id_map(const std::vector<IdMapping>& map);

}  // namespace creel::engine::runtime
