// A seccomp policy as data, and its compilation to BPF. See seccomp_rule_add(3), seccomp(2).
#pragma once

#include <seccomp.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace creel::engine::runtime {

struct SeccompRule {
  std::vector<std::string> names;       // what libseccomp does not know by name falls to the default action
  std::uint32_t action = 0;             // SCMP_ACT_*
  std::vector<scmp_arg_cmp> arguments;  // all must hold, or one of them where several look at the same argument
};

struct SeccompPolicy {
  std::uint32_t default_action = 0;
  std::vector<std::uint32_t> architectures;  // SCMP_ARCH_*, besides the native one
  std::vector<SeccompRule> rules;            // of two that contradict each other the first holds
  std::uint32_t flags = 0;                   // SECCOMP_FILTER_FLAG_*
  // SCMP_ACT_NOTIFY: whoever listens at this socket is handed the listener, with this text.
  std::string listener_path, listener_metadata;
};

// struct sock_filter[] as bytes, for this machine's architecture and the policy's others. A fraction of a millisecond
// for those that engine/runtime/seccomp/bpf.h knows. kInvalid: what libseccomp refuses, or larger than the kernel
// takes.
Result<std::string> compile_policy(const SeccompPolicy& policy);
// The same by libseccomp, which knows every architecture and takes tens of milliseconds.
Result<std::string> compile_by_libseccomp(const SeccompPolicy& policy);

}  // namespace creel::engine::runtime
