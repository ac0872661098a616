// Running one hook of runtime-spec config.md "POSIX-platform Hooks".
// Who runs this: creel-runtime (prestart, createRuntime, poststart, poststop), and the container's first process
// (createContainer before the pivot, startContainer after it). Single-threaded.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/runtime/child/own_program.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

// `state` is on its stdin. Its environment is what the step says and nothing of ours; of our descriptors it has none.
// Errors name the hook and, where it failed, the end of what it wrote; one that takes too long is killed with all of its
// process group.
// `own`: the hook's file is the container's, which could have it lead to this program.
Result<void> run_hook(const HookStep& hook, const std::string& state, const OwnProgram* own = nullptr);

// A state of the specification's runtime.md from its template Plan::hook_state.
std::string state_text(std::string state, pid_t pid, const std::string& status);

}  // namespace creel::engine::runtime
