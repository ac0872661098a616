// The default seccomp policy: an allow-list with the meaning of containers-common's seccomp.json. One table, compiled
// at build time for the usual capabilities (engine/runtime/tools) and at run time for others.
#pragma once

#include <cstdint>

#include "engine/runtime/seccomp/policy.h"

namespace creel::engine::runtime {

// `capabilities`: bits 1 << number, of the bounding set.
SeccompPolicy default_policy(std::uint64_t capabilities);

// The capabilities that make a difference to it.
std::uint64_t default_policy_capabilities();

}  // namespace creel::engine::runtime
