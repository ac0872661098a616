// The last word on what a container's process executes. To look at the file before the exec is not enough: another
// process of the container can put the engine's own program (/proc/self/exe) there in between, run its own code in that
// as the dynamic linker, and so write to the program's file on the host (CVE-2019-5736). So where that file could be
// written at all, the parent looks at what the exec has led to before the first instruction of it runs. See ptrace(2).
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "engine/runtime/child/own_program.h"

namespace creel::engine::runtime {

// Who runs this: the process that is about to exec, before a filter could forbid it; its parent is in expect_exec(). Costs
// nothing where the program is not the caller's to write. Where the kernel forbids tracing the exec is only checked
// beforehand.
void offer_guard(int channel, const OwnProgram& own);

// Who runs this: the parent of `pid`, single-threaded, after GO. Success: the exec has happened, or the process has
// been killed, which its parent learns as usual. kCannotInvoke: it was the engine's own program, and is killed; `pid`
// is not reaped.
Result<void> expect_exec(int channel, pid_t pid, const OwnProgram& own);

// The same by who is not the parent: sends GO to the process `pid`, which has offered nothing. Ends with the end of the caller.
Result<void> go_and_expect_exec(int connection, pid_t pid, const OwnProgram& own);

}  // namespace creel::engine::runtime
