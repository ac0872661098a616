#include <doctest/doctest.h>
#include <linux/capability.h>
#include <seccomp.h>

#include <cerrno>

#include "bpf_interpreter.h"
#include "engine/runtime/compile.h"
#include "engine/runtime/seccomp/profile.h"
#include "engine/runtime/seccomp/select.h"

using namespace creel;
using namespace creel::engine::runtime;
using creel::tests::run_filter;

namespace {

std::string refused(const std::string& text) {
  auto policy = parse_seccomp_profile(text, 0);
  REQUIRE_MESSAGE(!policy.ok(), text);
  CHECK(policy.error().code != Code::kFailed);
  const std::string prefix = "seccomp profile: ";
  REQUIRE(policy.error().text.rfind(prefix, 0) == 0);
  return policy.error().text.substr(prefix.size());
}

// What becomes of a call under a profile.
std::uint32_t outcome(const std::string& profile, const char* name, std::uint64_t a0 = 0, std::uint64_t a1 = 0,
                      std::uint64_t capabilities = 0) {
  auto made = seccomp_filter({SeccompKind::kProfile, profile}, capabilities);
  REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().text));
  seccomp_data data{};
  data.arch = seccomp_arch_native();
  data.nr = seccomp_syscall_resolve_name(name);
  data.args[0] = a0;
  data.args[1] = a1;
  return run_filter(made->code, data);
}

std::string with_rule(const std::string& rule) {
  return R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}, )" +
         rule + "]}";
}

}  // namespace

TEST_CASE("the runtime specification's format") {
  const std::string profile = R"({
    "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
    "flags": ["SECCOMP_FILTER_FLAG_LOG"],
    "syscalls": [
      {"names": ["read", "write", "no_such_call"], "action": "SCMP_ACT_ALLOW"},
      {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"},
      {"names": ["rmdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5},
      {"names": ["kill"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 9, "op": "SCMP_CMP_NE"}]},
      {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
       "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]},
      {"names": ["tee"], "action": "SCMP_ACT_KILL_PROCESS"}]})";
  CHECK(outcome(profile, "read") == SECCOMP_RET_ALLOW);
  CHECK(outcome(profile, "openat") == (SECCOMP_RET_ERRNO | ENOSYS));
  CHECK(outcome(profile, "mkdir") == (SECCOMP_RET_ERRNO | EPERM));
  CHECK(outcome(profile, "rmdir") == (SECCOMP_RET_ERRNO | EIO));
  CHECK(outcome(profile, "kill", 1, 15) == SECCOMP_RET_ALLOW);
  CHECK(outcome(profile, "kill", 1, 9) == (SECCOMP_RET_ERRNO | ENOSYS));
  CHECK(outcome(profile, "clone", 0x11) == SECCOMP_RET_ALLOW);
  CHECK(outcome(profile, "clone", 0x10000000) == (SECCOMP_RET_ERRNO | ENOSYS));
  CHECK(outcome(profile, "tee") == SECCOMP_RET_KILL_PROCESS);
  auto made = seccomp_filter({SeccompKind::kProfile, profile}, 0);
  REQUIRE(made.ok());
  CHECK(made->flags == SECCOMP_FILTER_FLAG_LOG);
}

TEST_CASE("Docker's format: archMap, includes, excludes, single names") {
  const std::string profile = R"({
    "defaultAction": "SCMP_ACT_ERRNO",
    "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
                {"architecture": "SCMP_ARCH_S390X", "subArchitectures": ["SCMP_ARCH_S390"]}],
    "syscalls": [
      {"name": "read", "names": null, "action": "SCMP_ACT_ALLOW", "args": null, "comment": "x", "includes": {}, "excludes": {}},
      {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
      {"names": ["umount2"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
      {"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN", "CAP_BPF"]}},
      {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
      {"names": ["kcmp"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "999.0"}},
      {"names": ["tee"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["no-such-arch"]}}]})";
  const std::uint64_t admin = std::uint64_t{1} << CAP_SYS_ADMIN;
  const std::uint64_t both = admin | std::uint64_t{1} << CAP_BPF;
  constexpr std::uint32_t kEperm = SECCOMP_RET_ERRNO | EPERM;
  CHECK(outcome(profile, "read") == SECCOMP_RET_ALLOW);
  CHECK(outcome(profile, "mount") == kEperm);
  CHECK(outcome(profile, "mount", 0, 0, admin) == SECCOMP_RET_ALLOW);
  CHECK(outcome(profile, "umount2") == SECCOMP_RET_ALLOW);
  CHECK(outcome(profile, "umount2", 0, 0, admin) == kEperm);
  CHECK(outcome(profile, "bpf", 0, 0, admin) == kEperm);
  CHECK(outcome(profile, "bpf", 0, 0, both) == SECCOMP_RET_ALLOW);
  CHECK(outcome(profile, "ptrace") == SECCOMP_RET_ALLOW);
  CHECK(outcome(profile, "kcmp") == kEperm);
  CHECK(outcome(profile, "tee") == kEperm);
}

TEST_CASE("several conditions on one argument are alternatives, as in other runtimes") {
  const std::string profile = R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["personality"],
    "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"},
                                         {"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]}]})";
  CHECK(outcome(profile, "personality", 8) == SECCOMP_RET_ALLOW);
  CHECK(outcome(profile, "personality", 0) == SECCOMP_RET_ALLOW);
  CHECK(outcome(profile, "personality", 4) == (SECCOMP_RET_ERRNO | EPERM));
}

TEST_CASE("errors say where") {
  CHECK(refused("{\"defaultAction\": 5\n  x") == "line 2, column 3: not valid JSON");
  CHECK(refused("").find("not valid JSON") != std::string::npos);
  CHECK(refused("[]") == "an object is expected");
  CHECK(refused("{}") == "defaultAction: missing");
  CHECK(refused(R"({"defaultAction": 5})") == "defaultAction: a string is expected");
  CHECK(refused(R"({"defaultAction": "ALLOW"})") == "defaultAction: unknown action \"ALLOW\"");
  CHECK(refused(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 5000})") ==
        "defaultErrnoRet: a whole number from 0 to 4095 is expected");
  CHECK(refused(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {}})") == "syscalls: a list is expected");
  CHECK(refused(R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_PDP11"]})") ==
        "architectures[0]: unknown architecture \"SCMP_ARCH_PDP11\"");
  CHECK(refused(R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"], "archMap": [{}]})") ==
        "architectures: use either architectures or archMap");
  CHECK(refused(with_rule(R"(5)")) == "syscalls[1]: an object is expected");
  CHECK(refused(with_rule(R"({"action": "SCMP_ACT_ALLOW"})")) == "syscalls[1].names: no system call is named");
  CHECK(refused(with_rule(R"({"names": ["a", 7], "action": "SCMP_ACT_ALLOW"})")) ==
        "syscalls[1].names[1]: a string is expected");
  CHECK(refused(with_rule(R"({"names": ["a"]})")) == "syscalls[1].action: missing");
  CHECK(refused(with_rule(
            R"({"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 6, "op": "SCMP_CMP_EQ"}]})")) ==
        "syscalls[1].args[0].index: a system call has the arguments 0 to 5");
  CHECK(refused(with_rule(R"({"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "op": "=="}]})")) ==
        "syscalls[1].args[0].op: unknown operator \"==\"");
  CHECK(refused(with_rule(
            R"({"names": ["a"], "action": "SCMP_ACT_ALLOW", "args": [{"value": -1, "op": "SCMP_CMP_EQ"}]})")) ==
        "syscalls[1].args[0].value: a whole number from 0 to 18446744073709551615 is expected");
  CHECK(refused(with_rule(R"({"names": ["a"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_FLY"]}})")) ==
        "syscalls[1].includes.caps[0]: unknown capability \"CAP_FLY\"");
  CHECK(refused(with_rule(R"({"names": ["a"], "action": "SCMP_ACT_ALLOW", "excludes": {"minKernel": "new"}})")) ==
        "syscalls[1].excludes.minKernel: a version like 4.8 is expected");
  CHECK(refused(R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_FOO"]})") ==
        "flags[0]: unknown flag \"SECCOMP_FILTER_FLAG_FOO\"");
}

TEST_CASE("all actions and all flags") {
  const std::string profile = R"({"defaultAction": "SCMP_ACT_LOG", "listenerPath": "/run/agent.sock",
    "listenerMetadata": "for the agent",
    "flags": ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
              "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
    "syscalls": [
      {"names": ["read"], "action": "SCMP_ACT_ALLOW"}, {"names": ["mkdir"], "action": "SCMP_ACT_KILL"},
      {"names": ["rmdir"], "action": "SCMP_ACT_KILL_THREAD"}, {"names": ["link"], "action": "SCMP_ACT_KILL_PROCESS"},
      {"names": ["symlink"], "action": "SCMP_ACT_TRAP"}, {"names": ["chmod"], "action": "SCMP_ACT_ERRNO", "errnoRet": 0},
      {"names": ["ptrace"], "action": "SCMP_ACT_TRACE", "errnoRet": 7}, {"names": ["mknod"], "action": "SCMP_ACT_NOTIFY"}]})";
  CHECK(outcome(profile, "getpid") == SECCOMP_RET_LOG);
  CHECK(outcome(profile, "read") == SECCOMP_RET_ALLOW);
  CHECK(outcome(profile, "mkdir") == SECCOMP_RET_KILL_THREAD);
  CHECK(outcome(profile, "rmdir") == SECCOMP_RET_KILL_THREAD);
  CHECK(outcome(profile, "link") == SECCOMP_RET_KILL_PROCESS);
  CHECK(outcome(profile, "symlink") == SECCOMP_RET_TRAP);
  CHECK(outcome(profile, "chmod") == SECCOMP_RET_ERRNO);
  CHECK(outcome(profile, "ptrace") == (SECCOMP_RET_TRACE | 7));
  CHECK(outcome(profile, "mknod") == SECCOMP_RET_USER_NOTIF);
  auto made = seccomp_filter({SeccompKind::kProfile, profile}, 0);
  REQUIRE(made.ok());
  // One thread needs no TSYNC, which a listener would forbid.
  CHECK(made->flags == (SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW | (1u << 5)));
  CHECK(made->listener_path == "/run/agent.sock");
  CHECK(made->listener_metadata == "for the agent");
}

TEST_CASE("what would hang is refused") {
  const auto notify = [](const std::string& names, const std::string& more) {
    return R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [)" + names +
           R"(], "action": "SCMP_ACT_NOTIFY"}])" + more + "}";
  };
  const std::string listener = R"(, "listenerPath": "/run/a")";
  CHECK(parse_seccomp_profile(notify(R"("mkdir")", listener), 0).ok());
  CHECK(refused(notify(R"("mkdir")", "")) == "listenerPath: missing: SCMP_ACT_NOTIFY needs somebody to ask");
  CHECK(refused(notify(R"("mkdir")", R"(, "listenerPath": "run/a")")) ==
        "listenerPath: an absolute path is expected, not \"run/a\"");
  for (const std::string name : {"sendmsg", "write"}) {
    CHECK(refused(notify("\"" + name + "\"", listener)) ==
          "syscalls: SCMP_ACT_NOTIFY cannot be used for " + name + ": the process could not hand its listener over");
  }
  CHECK(refused(R"({"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/run/a"})") ==
        "defaultAction: SCMP_ACT_NOTIFY cannot be the default: the process could not hand its listener over");
  CHECK(refused(R"({"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "a"})") ==
        "listenerMetadata: there is no listenerPath");
  CHECK(refused(R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]})") ==
        "flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs SCMP_ACT_NOTIFY");
}

TEST_CASE("a profile of a container ends in its plan") {
  Process process;
  const std::string profile = with_rule(R"({"names": ["rmdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38})");
  auto plan = compile_process(process, {SeccompKind::kProfile, profile});
  REQUIRE(plan.ok());
  CHECK(plan->seccomp.size() % 8 == 0);
  CHECK(plan->seccomp.size() > 8);
  CHECK(plan->seccomp_flags == 0);
  CHECK(!compile_process(process, {SeccompKind::kProfile, "{"}).ok());
}
