// What happens to a container that exists: start, kill, delete, pause, resume.
// Who runs this: creel-runtime, as its caller. Errors hold the words that Podman and containerd look for ("container
// not running", "does not exist").
#pragma once

#include <string>

#include "base/result.h"
#include "engine/runtime/instance/instance.h"
#include "engine/runtime/instance/state_root.h"

namespace creel::engine::runtime {

// Lets the container's process exec, then runs the poststart hooks. kCommandAbsent (127), kCannotInvoke (126); kInUse
// where it is not in state "created". A failing hook ends the container.
Result<void> start_container(const Instance& instance);

// To its first process, or to all of its processes. kInUse where it has ended (never with `all`).
Result<void> kill_container(const Instance& instance, int signal, bool all);

// Ends what is left of it, runs the poststop hooks, removes its group and its state. kInUse where it still runs, unless
// `force`: then it is killed. A container that is created and not started is killed without `force` as well.
Result<void> delete_container(const StateRoot& root, const std::string& id, bool force);

Result<void> pause_container(const Instance& instance);
Result<void> resume_container(const Instance& instance);

}  // namespace creel::engine::runtime
