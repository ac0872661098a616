// The default filter in the kernel: a child loads it and tells what its system calls gave.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/fd.h"
#include "engine/runtime/compile.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

constexpr int kNumberOfNoCall = 4000;

struct Outcome {
  int loaded = -1;
  int bpf = 0, mount = 0, kexec = 0, unknown = 0, io_uring = 0, audit = 0;  // errno
  int file = 0, process = 0, socket = 0, keyctl = 0, unshare = 0;
};

int error_of(long result) {
  return result < 0 ? errno : 0;
}

// In the child: nothing is allocated.
Outcome try_calls(const std::string& filter) {
  Outcome out;
  // An ordinary user without capabilities, whoever runs the tests.
  if (geteuid() == 0 && (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)) return out;
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  sock_fprog program{static_cast<unsigned short>(filter.size() / sizeof(sock_filter)),
                     const_cast<sock_filter*>(reinterpret_cast<const sock_filter*>(filter.data()))};
  out.loaded = error_of(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
  if (out.loaded != 0) return out;
  out.bpf = error_of(syscall(SYS_bpf, 0, nullptr, 0));
  out.mount = error_of(mount("none", "/mnt", "tmpfs", 0, nullptr));
  out.kexec = error_of(syscall(SYS_kexec_load, 0, 0, nullptr, 0));
  out.unknown = error_of(syscall(kNumberOfNoCall));
  out.io_uring = error_of(syscall(SYS_io_uring_setup, 1, nullptr));
  out.audit = error_of(socket(AF_NETLINK, SOCK_RAW, 9));
  const int file = open("/dev/null", O_RDWR | O_CLOEXEC);
  out.file = error_of(file < 0 ? -1 : write(file, "x", 1));
  const pid_t child = fork();
  if (child == 0) _exit(0);
  out.process = error_of(child < 0 ? -1 : waitpid(child, nullptr, 0));
  out.socket = error_of(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  out.keyctl = error_of(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
  out.unshare = error_of(unshare(0));
  return out;
}

}  // namespace

TEST_CASE("the default filter, loaded") {
  Process process;
  process.capabilities.bounding = default_capabilities();
  auto plan = compile_process(process, {});
  REQUIRE(plan.ok());
  std::array<int, 2> pipe_fds{};
  REQUIRE(pipe2(pipe_fds.data(), O_CLOEXEC) == 0);
  Fd from(pipe_fds[0]);
  Fd to(pipe_fds[1]);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const Outcome outcome = try_calls(plan->seccomp);
    _exit(write(to.get(), &outcome, sizeof(outcome)) == sizeof(outcome) ? 0 : 1);
  }
  to.reset();
  Outcome outcome;
  const ssize_t got = read(from.get(), &outcome, sizeof(outcome));
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(got == sizeof(outcome));
  CHECK(status == 0);
  REQUIRE(outcome.loaded == 0);
  CHECK(outcome.bpf == EPERM);
  CHECK(outcome.kexec == EPERM);
  CHECK(outcome.unknown == ENOSYS);
  CHECK(outcome.io_uring == ENOSYS);
  CHECK(outcome.audit == EINVAL);
  // The policy leaves mount to the kernel, which asks for CAP_SYS_ADMIN.
  CHECK(outcome.mount == EPERM);
  CHECK(outcome.file == 0);
  CHECK(outcome.process == 0);
  CHECK(outcome.socket == 0);
  CHECK(outcome.keyctl != ENOSYS);
  CHECK(outcome.unshare == 0);
}
