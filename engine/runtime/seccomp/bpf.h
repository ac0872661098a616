// A seccomp policy as BPF, without libseccomp's compiler: that takes 30 ms for a profile of the usual size, and engines
// hand their profile over anew at each start. Here it takes a fraction of a millisecond, and the filter is a quarter of
// the size: system calls are looked up by bisection among ranges that get the same answer. See seccomp(2),
// Documentation/networking/filter.rst. Thread-safe.
#pragma once

#include <string>

#include "engine/runtime/seccomp/policy.h"

namespace creel::engine::runtime {

// Whether this machine's architecture and all of the policy's are known here; libseccomp serves the others.
bool bpf_serves(const SeccompPolicy& policy);

// struct sock_filter[] as bytes, with libseccomp's meaning: a rule without arguments decides its system calls, whatever
// others say (of two such rules the first); of rules with arguments the first that fits; 32-bit architectures have
// 32-bit arguments; a call from an architecture that is not listed kills.
std::string make_bpf(const SeccompPolicy& policy);

}  // namespace creel::engine::runtime
