// Filters made here decide as libseccomp's do, call by call.
#include "engine/runtime/seccomp/bpf.h"

#include <doctest/doctest.h>
#include <linux/audit.h>

#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "bpf_interpreter.h"
#include "engine/runtime/seccomp/default_policy.h"
#include "engine/runtime/seccomp/profile.h"

using namespace creel;
using namespace creel::engine::runtime;
using creel::tests::run_filter;

namespace {

#if defined(__x86_64__)
const std::vector<std::uint32_t> kArchitectures = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32};
#else
const std::vector<std::uint32_t> kArchitectures = {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};
#endif

constexpr std::uint64_t kInteresting[] = {0,  1,       2,          8,          9,          16,         38,
                                          40, 0x20000, 0x7e020000, 0xffffffff, 1ull << 32, 5ull << 32, ~0ull};

struct Both {
  std::string ours, theirs;
  explicit Both(const SeccompPolicy& policy) : ours(make_bpf(policy)) {
    auto made = compile_by_libseccomp(policy);
    REQUIRE(made.ok());
    theirs = *made;
  }
  void check_call(std::uint32_t architecture, std::uint32_t number, std::uint64_t a0, std::uint64_t a1) const {
    seccomp_data data{};
    data.arch = architecture == SCMP_ARCH_X32 ? std::uint32_t{AUDIT_ARCH_X86_64} : architecture;
    data.nr = static_cast<int>(number);
    data.args[0] = a0;
    data.args[1] = a1;
    if (const std::uint32_t our = run_filter(ours, data), their = run_filter(theirs, data); our != their) {
      FAIL_CHECK("architecture ", architecture, " call ", number, " arguments ", a0, ", ", a1, ": ", our,
                 " instead of ", their);
    }
  }
};

void check_everywhere(const SeccompPolicy& policy) {
  const Both both(policy);
  for (const std::uint32_t architecture : kArchitectures) {
    for (std::uint32_t number = 0; number < 500; ++number) {
      const std::uint32_t own = architecture == SCMP_ARCH_X32 ? number | 0x40000000 : number;
      both.check_call(architecture, own, 0, 0);
      both.check_call(architecture, own, 40, 9);
      both.check_call(architecture, own, 16, 9);
    }
    for (const std::uint32_t odd : {0x3fffffffu, 0x40000000u, 0x7fffffffu, 0x80000000u, 0xfffffffeu, 0xffffffffu}) {
      both.check_call(architecture, odd, 0, 0);
    }
  }
  both.check_call(AUDIT_ARCH_PPC64LE, 5, 0, 0);
}

}  // namespace

TEST_CASE("the default policy, with and without the other architectures") {
  SeccompPolicy policy = default_policy(0);
  check_everywhere(policy);
  policy.architectures.clear();
  check_everywhere(policy);
  check_everywhere(default_policy(~std::uint64_t{0}));
}

TEST_CASE("containers-common's profile") {
  auto text = read_file("/usr/share/containers/seccomp.json");
  if (!text.ok()) {
    MESSAGE("no seccomp.json on this machine");
    CHECK(text.error().err == ENOENT);
    return;
  }
  for (const std::uint64_t capabilities : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    auto policy = parse_seccomp_profile(*text, capabilities);
    REQUIRE(policy.ok());
    check_everywhere(*policy);
    CHECK(make_bpf(*policy).size() < compile_by_libseccomp(*policy)->size() / 2);
  }
}

TEST_CASE("every operator, alone and with another") {
  for (int first = SCMP_CMP_NE; first <= SCMP_CMP_MASKED_EQ; ++first) {
    for (int second = SCMP_CMP_NE; second <= SCMP_CMP_MASKED_EQ; ++second) {
      for (const std::uint64_t datum : kInteresting) {
        SeccompPolicy policy;
        policy.default_action = SCMP_ACT_ALLOW;
        policy.architectures = kArchitectures;
        policy.rules = {
            {{"mkdir"}, SCMP_ACT_ERRNO(5), {{0, static_cast<scmp_compare>(first), datum, 8}}},
            {{"kill"},
             SCMP_ACT_ERRNO(6),
             {{0, static_cast<scmp_compare>(first), datum, 0x20000}, {1, static_cast<scmp_compare>(second), 9, 1}}}};
        const Both both(policy);
        for (const std::uint32_t architecture : kArchitectures) {
          const auto kill = static_cast<std::uint32_t>(seccomp_syscall_resolve_name_arch(architecture, "kill"));
          const int mkdir = seccomp_syscall_resolve_name_arch(architecture, "mkdir");
          for (const std::uint64_t a0 : kInteresting) {
            if (mkdir >= 0) both.check_call(architecture, static_cast<std::uint32_t>(mkdir), a0, 0);
            for (const std::uint64_t a1 : {0ull, 1ull, 9ull, 10ull, 1ull << 32 | 9})
              both.check_call(architecture, kill, a0, a1);
          }
        }
      }
    }
  }
}

TEST_CASE("random policies without contradictions") {
  std::mt19937 random(7);  // NOLINT: the same each time
  std::vector<std::string> names;
  for (int number = 0; number < 460; ++number) {
    char* name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), number);
    if (name == nullptr) continue;
    // Parts of socketcall and ipc are another matter below.
    if (seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, name) > -100) names.emplace_back(name);
    free(name);
  }
  for (int round = 0; round < 12; ++round) {
    SeccompPolicy policy;
    policy.default_action = round % 2 == 0 ? SCMP_ACT_ERRNO(1) : SCMP_ACT_ALLOW;
    policy.architectures = kArchitectures;
    for (const std::string& name : names) {
      if (name == "socketcall" || name == "ipc") continue;
      const auto action =
          static_cast<std::uint32_t>(random() % 3 == 0 ? SCMP_ACT_TRACE(3) : SCMP_ACT_ERRNO(random() % 4));
      SeccompRule rule{{name}, action, {}};
      if (random() % 2 == 0) rule.arguments = {{0, SCMP_CMP_EQ, kInteresting[random() % 14], 0}};
      if (random() % 4 != 0) policy.rules.push_back(rule);
    }
    check_everywhere(policy);
  }
}

#if defined(__x86_64__)
TEST_CASE("socketcall and ipc of 32-bit x86 follow their parts") {
  const auto answer = [](const SeccompPolicy& policy, const char* call, std::uint64_t part) {
    seccomp_data data{};
    data.arch = SCMP_ARCH_X86;
    data.nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, call);
    data.args[0] = part;
    return run_filter(make_bpf(policy), data);
  };
  constexpr std::uint32_t kDenied = SECCOMP_RET_ERRNO | 1;
  SeccompPolicy policy;
  policy.architectures = {SCMP_ARCH_X86};
  policy.default_action = SCMP_ACT_ERRNO(1);
  policy.rules = {{{"bind", "msgget", "recvmmsg"}, SCMP_ACT_ALLOW, {}},
                  {{"socket"}, SCMP_ACT_ALLOW, {{0, SCMP_CMP_NE, 16, 0}}}};
  check_everywhere([&] {
    SeccompPolicy plain = policy;
    plain.rules.pop_back();
    return plain;
  }());
  CHECK(answer(policy, "socketcall", 2) == SECCOMP_RET_ALLOW);
  CHECK(answer(policy, "ipc", 13) == SECCOMP_RET_ALLOW);
  CHECK(answer(policy, "ipc", 14) == kDenied);
  // Allowed for some arguments, which cannot be seen there: not allowed.
  CHECK(answer(policy, "socketcall", 1) == kDenied);
  policy.default_action = SCMP_ACT_ALLOW;
  policy.rules = {{{"socket"}, SCMP_ACT_ERRNO(1), {{0, SCMP_CMP_EQ, 40, 0}}}};
  CHECK(answer(policy, "socketcall", 1) == kDenied);
  CHECK(answer(policy, "socketcall", 2) == SECCOMP_RET_ALLOW);
}
#endif

TEST_CASE("of rules that contradict each other the first holds, and those without arguments before all") {
  SeccompPolicy policy;
  policy.default_action = SCMP_ACT_ALLOW;
  policy.rules = {{{"mkdir"}, SCMP_ACT_ERRNO(1), {{0, SCMP_CMP_GE, 10, 0}}},
                  {{"mkdir"}, SCMP_ACT_ERRNO(2), {{0, SCMP_CMP_GE, 5, 0}}},
                  {{"rmdir"}, SCMP_ACT_ERRNO(3), {{0, SCMP_CMP_EQ, 1, 0}}},
                  {{"rmdir"}, SCMP_ACT_ERRNO(4), {}},
                  {{"rmdir"}, SCMP_ACT_ERRNO(5), {}}};
  const std::string filter = make_bpf(policy);
  const auto answer = [&](const char* call, std::uint64_t a0) {
    seccomp_data data{};
    data.arch = seccomp_arch_native();
    data.nr = seccomp_syscall_resolve_name(call);
    data.args[0] = a0;
    return run_filter(filter, data) & SECCOMP_RET_DATA;
  };
  CHECK(answer("mkdir", 10) == 1);
  CHECK(answer("mkdir", 9) == 2);
  CHECK(answer("mkdir", 4) == 0);
  CHECK(answer("rmdir", 1) == 4);
  CHECK(answer("rmdir", 2) == 4);
}
