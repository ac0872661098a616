// Scheduler, I/O priority, CPU lists and personality of a process (see compile.h). Thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/runtime/child/plan.h"
#include "engine/runtime/spec.h"

namespace creel::engine::runtime {

// kInvalid names the value that is unknown.
Result<void> compile_scheduling(const Process& process, ProcessPlan& plan);
Result<void> compile_personality(const Personality& personality, ProcessPlan& plan);
// "0-3,7" as a cpu_set_t's bytes, as long as they need be; "" as none.
Result<std::string> compile_cpu_list(const std::string& list);

}  // namespace creel::engine::runtime
