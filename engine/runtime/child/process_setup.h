// The last steps before a process is the container's: rights, directory, exec. For the first process and for exec alike.
// Who runs this: a single-threaded process already inside all namespaces and the root file system, root there.
#pragma once

#include "base/result.h"
#include "engine/runtime/child/own_program.h"
#include "engine/runtime/child/plan.h"
#include "engine/runtime/child/seccomp_filter.h"
#include "engine/runtime/child/security_label.h"
#include "engine/runtime/child/user_lookup.h"

namespace creel::engine::runtime {

// What a process takes along from the host's view of the file system: it can be used when nothing of that is left.
struct FromHost {
  LabelFiles labels;
  SeccompListener listener;
};

// Becomes `user`, with the plan's capabilities, no_new_privs, working directory and umask. Re-arms PR_SET_PDEATHSIG where
// `die_with_parent`: the kernel disarms it when credentials change. Without no_new_privs labels and filter are set as well,
// for that takes rights.
Result<void> give_up_rights(const ProcessPlan& plan, const ResolvedUser& user, bool die_with_parent, const FromHost& from_host);
// Whether there are labels or a filter to be set.
[[nodiscard]] bool seals(const ProcessPlan& plan);
// What is left before the exec.
Result<void> give_up_last_rights(const ProcessPlan& plan, const FromHost& from_host);

// Our own handlers and masks are not the container's.
void reset_signals();
// Whether there is such a command at all: kCommandAbsent, as exec_command() would say it. Who creates a container and leaves
// its start to another learns it in time. Whether it can be executed, only the exec tells.
Result<void> check_command(const ProcessPlan& plan);
// Replaces this process. Returns only on failure: kCommandAbsent (127), kCannotInvoke (126).
Error exec_command(const ProcessPlan& plan, const ResolvedUser& user, const OwnProgram& own);

}  // namespace creel::engine::runtime
