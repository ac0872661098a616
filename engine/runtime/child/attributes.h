// What a container's process has beside rights: limits, scheduling, its chance to be killed. See setrlimit(2),
// sched_setattr(2), ioprio_set(2), sched_setaffinity(2), personality(2), session-keyring(7).
// Who runs this: that process, before it gives its rights up.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

// Resource limits, scheduling, personality. Errors name the limit.
Result<void> apply_limits(const ProcessPlan& plan);
// Through the host's /proc, while this program can still be looked into: afterwards the file is the host's root's.
Result<void> set_oom_score_adj(const ProcessPlan& plan);
// `cpus`: a cpu_set_t as bytes; empty: untouched.
Result<void> set_cpu_affinity(const std::string& cpus);
// Keys of who called stay with who called. A kernel or a filter that has no keyrings is no error.
Result<void> join_new_keyring();

}  // namespace creel::engine::runtime
