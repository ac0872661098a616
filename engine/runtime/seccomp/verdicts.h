// A policy's rules sorted by system call, for one architecture: the first half of making a filter. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/runtime/seccomp/policy.h"

namespace creel::engine::runtime {

struct Alternative {
  std::uint32_t action;
  std::vector<scmp_arg_cmp> arguments;  // all must hold
  bool wide;                            // 64-bit arguments
};

// What one system call gets: an answer, or that of the first alternative that fits, else the default.
struct Verdict {
  bool decided = false;
  std::uint32_t action = 0;
  std::vector<Alternative> alternatives;
};
using Verdicts = std::map<std::uint32_t, Verdict>;  // by number; those of x32 have bit 30

// Whether verdicts can be had: of 64- and 32-bit x86, x32, and 64- and 32-bit Arm.
bool has_verdicts(std::uint32_t architecture);

// `architecture`: SCMP_ARCH_*.
void add_verdicts(const SeccompPolicy& policy, std::uint32_t architecture, Verdicts& out);

}  // namespace creel::engine::runtime
