// Seccomp profiles that users write: Docker's format (archMap, includes, excludes) and the linux.seccomp object of the
// OCI runtime specification (config-linux.md, "Seccomp").
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/runtime/seccomp/policy.h"

namespace creel::engine::runtime {

// `capabilities`: bits 1 << number of the bounding set, for includes and excludes. kInvalid: the text says where
// ("seccomp profile: syscalls[3].args[0].op: …").
Result<SeccompPolicy> parse_seccomp_profile(std::string_view text, std::uint64_t capabilities);

}  // namespace creel::engine::runtime
