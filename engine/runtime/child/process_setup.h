// The last steps before a process is the container's: rights, directory, exec. For the first process and for exec alike.
// Who runs this: a single-threaded process already inside all namespaces and the root file system, root there.
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "engine/runtime/child/plan.h"
#include "engine/runtime/child/user_lookup.h"

namespace creel::engine::runtime {

// The engine's own program, to be recognized should a container try to run it (CVE-2019-5736).
struct OwnProgram {
  dev_t device = 0;
  ino_t inode = 0;
};
OwnProgram own_program();

// Before rights are given up: what needs them. Errors name the limit.
Result<void> apply_limits(const ProcessPlan& plan);

// Becomes `user`, with the plan's capabilities, no_new_privs, filter, working directory and umask. Re-arms
// PR_SET_PDEATHSIG where `die_with_parent`: the kernel disarms it when credentials change.
Result<void> give_up_rights(const ProcessPlan& plan, const ResolvedUser& user, bool die_with_parent);

// Replaces this process. Returns only on failure: kCommandAbsent (127), kCannotInvoke (126).
Error exec_command(const ProcessPlan& plan, const ResolvedUser& user, const OwnProgram& own);

}  // namespace creel::engine::runtime
