#include <linux/sched.h>
#include <poll.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/file.h"
#include "engine/runtime/child/steps.h"

namespace creel::engine::runtime {

Result<pid_t> clone_process(std::uint64_t flags, Fd* pidfd) {
  int raw = -1;
  clone_args args{};
  args.flags = flags | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uint64_t>(&raw);
  // With CLONE_PARENT the exit signal is the caller's own; the kernel refuses another.
  args.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  const long pid = syscall(SYS_clone3, &args, sizeof(args));
  if (pid < 0) {
    Error error = errno_error("creating the container's process");
    if (error.err == EPERM) {
      return std::move(error).with_hint("new namespaces are forbidden here: see the sysctls kernel.unprivileged_userns_clone, "
                                        "kernel.apparmor_restrict_unprivileged_userns and user.max_user_namespaces");
    }
    if (error.err == ENOSPC) return std::move(error).with_hint("too many namespaces: raise the sysctls user.max_*_namespaces");
    if (error.err == EINVAL) return std::move(error).with_hint("this kernel lacks one of the namespaces asked for");
    return error;
  }
  if (pid > 0) *pidfd = Fd(raw);
  return static_cast<pid_t>(pid);
}

Result<void> join_namespaces(const std::vector<NamespaceStep>& namespaces) {
  // Opened before any is joined: a path is the caller's.
  std::vector<std::pair<Fd, const NamespaceStep*>> left;
  for (const NamespaceStep& step : namespaces) {
    if (step.path.empty()) continue;
    TRY_SET(Fd fd, open_file(step.path, O_RDONLY));
    left.emplace_back(std::move(fd), &step);
  }
  // Rights over a namespace come either from the user namespace here or from the one to be joined: first what can be
  // joined as we are, then the user namespace, then the rest.
  for (int round = 0; round < 2; ++round) {
    for (auto& [fd, step] : left) {
      if (!fd.valid() || (step->clone_flag == CLONE_NEWUSER && round == 0)) continue;
      if (step->clone_flag == CLONE_NEWUSER && setns(fd.get(), CLONE_NEWUSER) == 0) fd.reset();
    }
    for (auto& [fd, step] : left) {
      if (!fd.valid()) continue;
      if (step->clone_flag == CLONE_NEWUSER && round == 0) continue;
      if (setns(fd.get(), step->clone_flag) == 0) {
        fd.reset();
      } else if (round == 1) {
        return errno_error("joining the namespace " + step->path);
      }
    }
  }
  return {};
}

Result<void> die_with_parent(int channel) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno_error("tying the container to its monitor");
  // getppid() says nothing across a PID namespace; the channel's other end is the parent's.
  pollfd ask{channel, 0, 0};
  if (poll(&ask, 1, 0) > 0 && (ask.revents & (POLLHUP | POLLERR)) != 0) _exit(125);
  return {};
}

}  // namespace creel::engine::runtime
