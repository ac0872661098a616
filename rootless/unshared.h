// `creel unshare`: a session inside the engine's user namespace, and how a command knows that it runs in one. The three
// variables CREEL_UNSHARED, CREEL_UNSHARED_ROOT and CREEL_UNSHARED_RUNROOT say so; they count only in the very
// namespace that they name, so that they mean nothing to a process that inherits them elsewhere.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "rootless/directories.h"

namespace creel::rootless {

// Moves the calling, single-threaded process into the engine's user namespace and a mount namespace of its own, in
// which mounts of the host still appear and from which none gets out; sets the variables.
Result<void> begin_unshared(Identity identity, const Directories& directories);

// The directories of the session that this process is in.
std::optional<Directories> unshared_session();

}  // namespace creel::rootless
