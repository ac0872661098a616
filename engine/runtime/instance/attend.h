// Standing by while a process of a container runs in the foreground: `run` and `exec` without --detach.
#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace creel::engine::runtime {

// `pid`: a child of this process, `pidfd` the same. `terminal`: the main side of its pty, joined to our own stdin and
// stdout until it ends; -1: it has none, and signals that reach us are passed on. Reaps it. The exit code, 128 + signal
// where one ended it.
Result<int> attend(pid_t pid, int pidfd, int terminal);

// Reaps a child of ours, whenever it ends.
int reap(pid_t pid);

}  // namespace creel::engine::runtime
