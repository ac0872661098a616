#include "engine/runtime/seccomp/verdicts.h"

#include <algorithm>
#include <array>
#include <utility>

namespace creel::engine::runtime {

namespace {

constexpr std::array<std::uint32_t, 5> kArchitectures = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32,
                                                         SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};

// libseccomp's numbers for the parts of socketcall(2) and ipc(2) on 32-bit x86: -101 is the first of socketcall.
constexpr int kSocketCall = -100;
constexpr int kIpc = -200;
constexpr int kEnd = -300;

// The numbers of their own that Linux 3.0, 4.3 and 5.1 gave to the parts; 0: none.
constexpr std::array<std::uint32_t, 21> kOwnOfSocketCall = {0,   359, 361, 362, 363, 0,   367, 368, 360, 0,  0,
                                                            369, 371, 373, 366, 365, 370, 372, 364, 337, 345};
constexpr std::array<std::uint32_t, 25> kOwnOfIpc = {0,   0,   393, 394, 0, 0, 0, 0, 0,   0,   0,   400, 401,
                                                     399, 402, 0,   0,   0, 0, 0, 0, 397, 398, 395, 396};

void add(Verdict& verdict, Alternative one) {
  if (verdict.decided) return;
  if (one.arguments.empty()) {
    verdict = {true, one.action, {}};
  } else {
    verdict.alternatives.push_back(std::move(one));
  }
}

bool allows(std::uint32_t action) {
  return action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG;
}

// A part's arguments are in memory, where no filter can look: what is denied for some of them is denied, and what is
// allowed for some of them is not allowed.
void add_part(int number, const Alternative& one, Verdicts& out) {
  const bool ipc = number <= kIpc;
  const auto part = static_cast<std::size_t>((ipc ? kIpc : kSocketCall) - number);
  std::uint32_t own = 0;
  if (ipc && part < kOwnOfIpc.size()) own = kOwnOfIpc[part];
  if (!ipc && part < kOwnOfSocketCall.size()) own = kOwnOfSocketCall[part];
  if (own != 0) add(out[own], one);
  if (!one.arguments.empty() && allows(one.action)) return;
  const int all = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, ipc ? "ipc" : "socketcall");
  add(out[static_cast<std::uint32_t>(all)], {one.action, {{0, SCMP_CMP_EQ, part, 0}}, false});
}

bool same_argument_twice(const std::vector<scmp_arg_cmp>& arguments) {
  unsigned seen = 0;
  for (const scmp_arg_cmp& argument : arguments) {
    const unsigned bit = 1u << argument.arg;
    if ((seen & bit) != 0) return true;
    seen |= bit;
  }
  return false;
}

}  // namespace

bool has_verdicts(std::uint32_t architecture) {
  return std::find(kArchitectures.begin(), kArchitectures.end(), architecture) != kArchitectures.end();
}

void add_verdicts(const SeccompPolicy& policy, std::uint32_t architecture, Verdicts& out) {
  const bool wide = architecture == SCMP_ARCH_X86_64 || architecture == SCMP_ARCH_AARCH64;
  const auto add_rule = [&](const SeccompRule& rule, const Alternative& one) {
    for (const std::string& name : rule.names) {
      const int number = seccomp_syscall_resolve_name_arch(architecture, name.c_str());
      if (number >= 0) {
        add(out[static_cast<std::uint32_t>(number)], one);
      } else if (architecture == SCMP_ARCH_X86 && number < kSocketCall && number > kEnd) {
        add_part(number, one, out);
      }
    }
  };
  for (const SeccompRule& rule : policy.rules) {
    // What says no more than the default is no rule.
    if (rule.action == policy.default_action) continue;
    if (!same_argument_twice(rule.arguments)) {
      add_rule(rule, {rule.action, rule.arguments, wide});
      continue;
    }
    for (const scmp_arg_cmp& argument : rule.arguments) add_rule(rule, {rule.action, {argument}, wide});
  }
}

}  // namespace creel::engine::runtime
