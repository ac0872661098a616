#include "engine/runtime/child/seccomp_filter.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>

#include "base/json_string.h"
#include "base/unix_socket.h"
#include "engine/runtime/child/entry.h"

namespace creel::engine::runtime {

namespace {

std::string json_string(const std::string& text) {
  std::string out = "\"";
  append_json_string(out, text);
  return out + '"';
}

Result<void> send_listener(const SeccompListener& to, int fd) {
  const iovec io{const_cast<char*>(to.state.data()), to.state.size()};
  if (send_with_fd(to.socket.get(), &io, 1, fd) != static_cast<ssize_t>(to.state.size())) {
    return errno_error("handing the seccomp listener over");
  }
  return {};
}

// Between the process and its helper, which shares its descriptors but not its filter: once that is loaded, any system call
// of the process may wait for the very answers that the listener gives. So it tells the number by memory alone.
struct Handover {
  std::atomic<int> fd{-1};  // -2: there will be none
};

[[noreturn]] void hand_over(const Handover& handover, const SeccompListener& to, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  const timespec pause{0, 200000};
  while (handover.fd.load() == -1) {
    if (getppid() != parent) _exit(1);
    nanosleep(&pause, nullptr);
  }
  _exit(handover.fd.load() >= 0 && send_listener(to, handover.fd.load()).ok() ? 0 : 1);
}

Result<void> load_and_hand_over(const sock_fprog& program, unsigned flags, const SeccompListener& listener) {
  void* page = mmap(nullptr, sizeof(Handover), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return errno_error("handing the seccomp listener over");
  auto& handover = *new (page) Handover;
  const pid_t self = getpid();
  const pid_t helper = clone_process(CLONE_FILES, -1, nullptr);
  if (helper < 0) return errno_error("handing the seccomp listener over");
  if (helper == 0) hand_over(handover, listener, self);
  const long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  const int err = errno;
  handover.fd.store(fd >= 0 ? static_cast<int>(fd) : -2);
  // What is left open and mapped here ends with the exec.
  int status = 0;
  while (waitpid(helper, &status, 0) < 0 && errno == EINTR) {
  }
  if (fd < 0) return errno_error("loading the seccomp filter", err);
  if (status != 0) return fail(Code::kFailed, "handing the seccomp listener over: who listens has gone");
  return {};
}

}  // namespace

Result<SeccompListener> connect_seccomp_listener(const ProcessPlan& plan, const std::string& state, pid_t pid) {
  SeccompListener out;
  if (plan.seccomp_listener_path.empty()) return out;
  auto connected = connect_unix(AT_FDCWD, plan.seccomp_listener_path, SOCK_STREAM);
  if (!connected.ok()) return std::move(connected).error().within("seccomp listener " + plan.seccomp_listener_path);
  out.socket = std::move(*connected);
  out.state = "{\"ociVersion\":\"1.2.0\",\"fds\":[\"seccompFd\"],\"pid\":" + std::to_string(pid);
  if (!plan.seccomp_listener_metadata.empty()) out.state += ",\"metadata\":" + json_string(plan.seccomp_listener_metadata);
  out.state += ",\"state\":" + (state.empty() ? "{}" : state) + "}";
  return out;
}

Result<void> load_filter(const ProcessPlan& plan, const SeccompListener& listener) {
  if (plan.seccomp.empty()) return {};
  const std::size_t count = plan.seccomp.size() / sizeof(sock_filter);
  if (count > USHRT_MAX) return fail(Code::kInvalid, "the seccomp profile is too large");
  const sock_fprog program{static_cast<unsigned short>(count),
                           const_cast<sock_filter*>(reinterpret_cast<const sock_filter*>(plan.seccomp.data()))};
  // There is one thread.
  const unsigned flags = plan.seccomp_flags & ~static_cast<unsigned>(SECCOMP_FILTER_FLAG_TSYNC);
  if (listener.socket.valid()) return load_and_hand_over(program, flags, listener);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0) return errno_error("loading the seccomp filter");
  return {};
}

}  // namespace creel::engine::runtime
