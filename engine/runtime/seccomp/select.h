// From what a container asks for to the filter that its process loads.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "engine/runtime/spec.h"

namespace creel::engine::runtime {

struct SeccompFilter {
  std::string code;         // struct sock_filter[] as bytes; empty: none
  std::uint32_t flags = 0;  // SECCOMP_FILTER_FLAG_*
  std::string listener_path, listener_metadata;
};

// `bounding`: the process's capability bounding set, on which profiles depend. The default policy with the usual
// capabilities is a copy (microseconds); anything else is compiled here (half a millisecond). kInvalid: the profile;
// the text says where.
Result<SeccompFilter> seccomp_filter(const Seccomp& wanted, std::uint64_t bounding);

}  // namespace creel::engine::runtime
