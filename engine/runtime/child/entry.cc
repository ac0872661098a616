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
#include "engine/runtime/child/sharing.h"

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

int run_body(void* argument) {
  const auto& request = *static_cast<const EntryRequest*>(argument);
  auto done = request.body();
  send_error(request.channel, done.error());
  return 125;
}

pid_t clone_inner(const EntryRequest& request) {
  if (request.shares_memory && can_share_memory()) {
    SharingClone how;
    how.flags = request.flags | CLONE_PARENT;
    return spawn_sharing(how, run_body, const_cast<EntryRequest*>(&request));
  }
  const pid_t pid = clone_process(request.flags | CLONE_PARENT, -1, nullptr);
  if (pid == 0) _exit(run_body(const_cast<EntryRequest*>(&request)));
  return pid;
}

Result<void> outer_steps(const EntryRequest& request, int number) {
  TRY(request.enter());
  const pid_t pid = clone_inner(request);
  if (pid < 0) return clone_error(errno, (request.flags & CLONE_NEWUSER) != 0);
  // The number in the PID namespace of this process, which setns left unchanged: the caller's own.
  (void)!send(number, &pid, sizeof(pid), MSG_NOSIGNAL);
  return {};
}

struct Outer {
  const EntryRequest& request;
  int number;
};

int run_outer(void* argument) {
  const Outer& outer = *static_cast<const Outer*>(argument);
  auto done = outer_steps(outer.request, outer.number);
  if (done.ok()) return 0;
  send_error(outer.request.channel, done.error());
  return 125;
}

pid_t start_outer(Outer& outer) {
  if (outer.request.shares_memory && can_share_memory()) {
    SharingClone how;
    how.cgroup = outer.request.cgroup;
    how.container = outer.request.container;
    return spawn_sharing(how, run_outer, &outer);
  }
  const pid_t pid = clone_process(0, outer.request.cgroup, nullptr);
  if (pid == 0) _exit(run_outer(&outer));
  return pid;
}

}  // namespace

Result<Entered> clone_from_within(const EntryRequest& request) {
  TRY_SET(ChannelPair number, make_channel());
  Outer steps{request, number.child.get()};
  const pid_t outer = start_outer(steps);
  if (outer < 0) return clone_error(errno, false);
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
