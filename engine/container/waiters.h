// Who has started a process in a container (`creel exec`) waits for it. While they are stopped (Ctrl-Z) they do not, and a PID namespace
// ends only when all of its processes have been waited for (pid_namespaces(7)).
// Who runs this: the CLI, as the user; single-threaded.
#pragma once

#include <sys/types.h>

namespace creel::engine {

// Continues the parents of what has ended in the PID namespace of `first`, a container's first process that is ending, if they
// are stopped and outside of it. SIGCONT is all that they get.
void continue_waiters(pid_t first);

}  // namespace creel::engine
