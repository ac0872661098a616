// Capabilities as bits, for the parts of a plan and for seccomp profiles. See capabilities(7). Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace creel::engine::runtime {

// The capability's number. With or without CAP_, any case. -1: unknown here.
int capability_number(std::string_view name);

// Bits 1 << number. kInvalid names the unknown one. What this kernel does not have is left out: capset(2) and
// PR_CAP_AMBIENT_RAISE would refuse it.
Result<std::uint64_t> capability_mask(const std::vector<std::string>& names);

// The highest capability that the running kernel knows, at most the highest known here.
int last_capability();

}  // namespace creel::engine::runtime
