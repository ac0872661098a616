// The hooks that the runtime itself runs, in its own namespaces (runtime-spec config.md "POSIX-platform Hooks").
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

// In order, up to the first that fails: its error names the hook. `plan.hook_state` with the process and the status is
// on their stdin.
Result<void> run_hooks(const std::vector<HookStep>& hooks, const Plan& plan, pid_t pid, const std::string& status);

}  // namespace creel::engine::runtime
