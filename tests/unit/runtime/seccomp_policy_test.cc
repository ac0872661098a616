// The default policy, and what it must have in common with containers-common's.
#include <doctest/doctest.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <seccomp.h>

#include <cerrno>
#include <set>

#include "base/file.h"
#include "bpf_interpreter.h"
#include "engine/runtime/capability_names.h"
#include "engine/runtime/compile.h"
#include "engine/runtime/seccomp/default_policy.h"
#include "engine/runtime/seccomp/precompiled.h"
#include "engine/runtime/seccomp/profile.h"
#include "engine/runtime/seccomp/select.h"

using namespace creel;
using namespace creel::engine::runtime;
using creel::tests::run_filter;

namespace {

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kEperm = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kEnosys = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr const char* kReference = "/usr/share/containers/seccomp.json";

constexpr std::uint64_t bit(int capability) {
  return std::uint64_t{1} << capability;
}
std::uint64_t usual() {
  return capability_mask(default_capabilities()).value();
}

std::string filter(std::uint64_t capabilities) {
  auto made = seccomp_filter({}, capabilities);
  REQUIRE(made.ok());
  return made->code;
}

seccomp_data call(const char* name, std::uint64_t a0 = 0, std::uint64_t a2 = 0) {
  seccomp_data data{};
  data.arch = seccomp_arch_native();
  data.nr = seccomp_syscall_resolve_name(name);
  REQUIRE(data.nr >= 0);
  data.args[0] = a0;
  data.args[2] = a2;
  return data;
}

// What containers-common has changed since the version of Debian 12: compared by name elsewhere in this file.
const std::set<std::string> kChanged = {"cachestat",        "fanotify_init",   "fchmodat2",   "futex_requeue",
                                        "futex_wait",       "futex_waitv",     "futex_wake",  "io_pgetevents_time64",
                                        "map_shadow_stack", "perf_event_open", "bpf",         "quotactl_fd",
                                        "readdir",          "sigaction",       "sigpending",  "sigsuspend",
                                        "timerfd",          "syscall",         "swapcontext", "riscv_hwprobe"};

void expect_same_as_reference(std::uint64_t capabilities) {
  auto text = read_file(kReference);
  REQUIRE(text.ok());
  auto policy = parse_seccomp_profile(*text, capabilities);
  REQUIRE(policy.ok());
  auto reference = compile_policy(*policy);
  REQUIRE(reference.ok());
  const std::string own = filter(capabilities);
  std::vector<std::uint32_t> architectures = {seccomp_arch_native()};
  for (const std::uint32_t other : policy->architectures) architectures.push_back(other);
  std::size_t compared = 0;
  std::size_t allowed = 0;
  for (const std::uint32_t architecture : architectures) {
    const bool x32 = architecture == SCMP_ARCH_X32;
    for (int number = 0; number < 600; ++number) {
      seccomp_data data{};
      data.arch = x32 ? std::uint32_t{AUDIT_ARCH_X86_64} : architecture;
      data.nr = x32 ? number | 0x40000000 : number;
      char* raw = seccomp_syscall_resolve_num_arch(architecture, data.nr);
      const std::string name = raw == nullptr ? "" : raw;
      free(raw);
      if (kChanged.contains(name)) continue;
      for (const std::uint64_t a0 : {0x0ull, 0x8ull, 0x10ull, 0x20000ull, 0x20008ull, 0x40000ull, 0xffffffffull}) {
        for (const std::uint64_t a2 : {0ull, 9ull}) {
          data.args[0] = a0;
          data.args[2] = a2;
          const std::uint32_t ours = run_filter(own, data);
          const std::uint32_t theirs = run_filter(*reference, data);
          if (ours != theirs)
            FAIL_CHECK("architecture ", architecture, " call ", number, " ", name, " argument ", a0, ": ", ours,
                       " instead of ", theirs);
          ++compared;
          if (ours == kAllow) ++allowed;
        }
      }
    }
  }
  CHECK(compared > 8000);
  CHECK(allowed > 4000);
}

}  // namespace

TEST_CASE("the default policy: what is allowed, refused and unknown") {
  const std::string own = filter(usual());
  for (const char* name : {"read", "openat", "clone", "clone3", "execve", "mmap", "futex", "ptrace", "chroot", "setns",
                           "unshare", "mount", "keyctl", "rseq", "faccessat2", "fanotify_init", "futex_waitv"}) {
    CHECK_MESSAGE(run_filter(own, call(name)) == kAllow, name);
  }
  for (const char* name : {"bpf", "perf_event_open", "kexec_load", "init_module", "open_by_handle_at", "swapon",
                           "userfaultfd", "settimeofday", "acct", "sethostname", "kcmp", "quotactl"}) {
    CHECK_MESSAGE(run_filter(own, call(name)) == kEperm, name);
  }
  for (const char* name : {"io_uring_setup", "add_key", "request_key"}) {
    CHECK_MESSAGE(run_filter(own, call(name)) == kEnosys, name);
  }
  seccomp_data unknown = call("read");
  unknown.nr = 4000;
  CHECK(run_filter(own, unknown) == kEnosys);
  seccomp_data foreign = call("read");
  foreign.arch = AUDIT_ARCH_MIPS;
  CHECK((run_filter(own, foreign) & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_KILL_THREAD);
}

TEST_CASE("conditions on arguments") {
  const std::string own = filter(usual());
  CHECK(run_filter(own, call("personality", 0)) == kAllow);
  CHECK(run_filter(own, call("personality", 0xffffffff)) == kAllow);
  CHECK(run_filter(own, call("personality", 0x0040000)) == kEnosys);  // ADDR_NO_RANDOMIZE
  // socket(2): all families but those to the hypervisor (40) and to the kernel's cryptography (38).
  const std::string audit = filter(usual() | bit(CAP_AUDIT_WRITE));
  for (std::uint64_t family = 0; family < 64; ++family) {
    CAPTURE(family);
    const std::uint32_t expected = family == 38 || family == 40 ? kEperm : kAllow;
    for (const std::uint64_t protocol : {0, 6, 9}) {
      CHECK(run_filter(audit, call("socket", family, protocol)) == expected);
      if (family == 16 && protocol == 9) continue;
      CHECK(run_filter(own, call("socket", family, protocol)) == expected);
    }
  }
  CHECK(run_filter(own, call("socket", 16, 9)) == (SECCOMP_RET_ERRNO | EINVAL));
}

TEST_CASE("capabilities open what belongs to them, and nothing else") {
  struct Case {
    int capability;
    const char* opens;
  };
  for (const Case& one : {Case{CAP_SYS_ADMIN, "bpf"}, Case{CAP_BPF, "bpf"}, Case{CAP_PERFMON, "perf_event_open"},
                          Case{CAP_SYS_PTRACE, "kcmp"}, Case{CAP_SYS_MODULE, "finit_module"},
                          Case{CAP_DAC_READ_SEARCH, "open_by_handle_at"}, Case{CAP_SYS_TIME, "clock_settime"},
                          Case{CAP_SYS_TTY_CONFIG, "vhangup"}, Case{CAP_SYS_PACCT, "acct"}}) {
    CAPTURE(one.opens);
    const std::string with = filter(usual() | bit(one.capability));
    CHECK(run_filter(filter(usual()), call(one.opens)) == kEperm);
    CHECK(run_filter(with, call(one.opens)) == kAllow);
    CHECK(run_filter(with, call("kexec_load")) == kEperm);
    CHECK((run_filter(with, call("acct")) == kAllow) == (one.capability == CAP_SYS_PACCT));
  }
  CHECK(run_filter(filter(0), call("chroot")) == kEperm);
  CHECK(run_filter(filter(0), call("read")) == kAllow);
  // Not precompiled: two capabilities at once.
  const std::string two = filter(bit(CAP_SYS_TIME) | bit(CAP_SYS_PACCT));
  CHECK(run_filter(two, call("acct")) == kAllow);
  CHECK(run_filter(two, call("settimeofday")) == kAllow);
  CHECK(run_filter(two, call("chroot")) == kEperm);
}

TEST_CASE("the filters made while building are what the table says now") {
  REQUIRE(kPrecompiledFilterCount >= 3);
  CHECK(kPrecompiledFilters[0].capabilities == (usual() & default_policy_capabilities()));
  for (std::size_t i : {std::size_t{0}, std::size_t{1}, kPrecompiledFilterCount - 1}) {
    const PrecompiledFilter& one = kPrecompiledFilters[i];
    const std::string bytes(reinterpret_cast<const char*>(one.code), one.count * sizeof(sock_filter));
    auto now = compile_policy(default_policy(one.capabilities));
    REQUIRE(now.ok());
    CHECK(*now == bytes);
  }
  // Capabilities that the policy does not ask for change nothing.
  CHECK(filter(usual() & ~bit(CAP_CHOWN)) == filter(usual()));
  CHECK(filter(usual() | bit(CAP_NET_RAW)) == filter(usual()));
}

TEST_CASE("the policy means what containers-common's means") {
  if (!path_exists(kReference)) {
    MESSAGE("skipped: ", kReference, " is not installed");
    return;
  }
  expect_same_as_reference(usual());
  expect_same_as_reference(0);
  expect_same_as_reference(kAll);
}
