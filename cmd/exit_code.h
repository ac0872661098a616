// Exit codes, as Podman has them: the engine's own errors are 125, so that they never look like
// the container's command.
#pragma once

#include "base/result.h"

namespace creel::cmd {

inline constexpr int kExitEngine = 125;

// 126 and 127 for a command that cannot be invoked or is absent, else 125.
int exit_code(const Error& error);
// rm, rmi, volume rm: 1 missing, 2 in use or in the wrong state, else as above.
int removal_exit_code(const Error& error);

}  // namespace creel::cmd
