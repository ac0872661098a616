// Conditions on a system call's arguments as BPF. Thread-safe.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "engine/runtime/seccomp/verdicts.h"

namespace creel::engine::runtime {

// Returns the alternative's action where all its conditions hold, else goes on behind the code. The accumulator is
// lost.
std::vector<sock_filter> alternative_code(const Alternative& alternative);

}  // namespace creel::engine::runtime
