#include "engine/runtime/child/entry.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/process.h"
#include "engine/runtime/child/channel.h"
#include "engine/runtime/child/namespaces.h"

namespace creel::engine::runtime {

pid_t clone_process(std::uint64_t flags, int cgroup, int* pidfd) {
  clone_args args{};
  args.flags = flags;
  // The kernel takes it from the parent where that is another's.
  args.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  if (pidfd != nullptr) {
    args.flags |= CLONE_PIDFD;
    args.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
  }
  if (cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  return static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof(args)));
}

namespace {

Result<void> outer_steps(const EntryRequest& request, int number) {
  TRY(request.enter());
  const pid_t pid = clone_process(request.flags | CLONE_PARENT, -1, nullptr);
  if (pid < 0) return clone_error(errno, (request.flags & CLONE_NEWUSER) != 0);
  if (pid == 0) return request.body();
  // The number in the PID namespace of this process, which setns left unchanged: the caller's own.
  (void)!send(number, &pid, sizeof(pid), MSG_NOSIGNAL);
  _exit(0);
}

}  // namespace

Result<Entered> clone_from_within(const EntryRequest& request) {
  TRY_SET(ChannelPair number, make_channel());
  const pid_t outer = clone_process(0, request.cgroup, nullptr);
  if (outer < 0) return clone_error(errno, false);
  if (outer == 0) {
    auto done = outer_steps(request, number.child.get());
    if (!done.ok()) send_error(request.channel, done.error());
    _exit(125);
  }
  number.child.reset();
  Entered out;
  pid_t pid = -1;
  const ssize_t got = recv(number.parent.get(), &pid, sizeof(pid), 0);
  while (waitpid(outer, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (got != sizeof(pid)) return out;
  out.pid = pid;
  // A child of ours that nobody else waits for: the number cannot have been taken by another.
  TRY_SET(out.pidfd, pidfd_open(pid));
  return out;
}

}  // namespace creel::engine::runtime
