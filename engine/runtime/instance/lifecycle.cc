#include "engine/runtime/instance/lifecycle.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/process.h"
#include "base/unix_socket.h"
#include "engine/runtime/child/init.h"
#include "engine/runtime/instance/hooks.h"

namespace creel::engine::runtime {

namespace {

constexpr int kKillTimeoutMs = 10'000;

Error cannot_start(const Instance& instance, Status status) {
  std::string text = "cannot start container \"" + instance.record().id + "\": ";
  return fail(Code::kInUse, text + (status == Status::kStopped ? "it has stopped" : "it is already running"));
}

Result<void> wait_for_end(const Record& record, int pidfd) {
  pollfd ended{pidfd, POLLIN, 0};
  const int got = poll(&ended, 1, kKillTimeoutMs);
  if (got == 1) return {};
  return fail(Code::kFailed,
              "container \"" + record.id + "\": its process " + std::to_string(record.pid) + " does not end");
}

// A process that was found a moment ago: by a pidfd, so that its number cannot meanwhile be another's.
void signal_process(const Instance& instance, pid_t pid, int signal) {
  auto pidfd = pidfd_open(pid);
  if (!pidfd.ok()) return;
  auto still = instance.processes();
  if (!still.ok()) return;
  for (const pid_t one : *still) {
    if (one == pid) (void)pidfd_signal(pidfd->get(), signal).ok();
  }
}

Result<void> signal_all(const Instance& instance, int signal) {
  if (!instance.record().cgroup.empty()) {
    if (auto group = Cgroup::open(instance.record().cgroup); group.ok()) return group->signal_all(signal);
  }
  TRY_SET(const std::vector<pid_t> processes, instance.processes());
  for (const pid_t pid : processes) signal_process(instance, pid, signal);
  return {};
}

Result<void> end_container(const Instance& instance) {
  auto process = instance.process();
  if (process.ok()) {
    (void)pidfd_signal(process->get(), SIGKILL).ok();
    // Frozen processes die only once they are thawed, unless the whole group is killed.
    (void)signal_all(instance, SIGKILL).ok();
    if (auto group = instance.cgroup(); group.ok() && group->frozen()) (void)group->freeze(false).ok();
    return wait_for_end(instance.record(), process->get());
  }
  // Without a PID namespace of its own, others may have outlived the first process.
  return instance.record().cgroup.empty() ? Result<void>() : signal_all(instance, SIGKILL);
}

}  // namespace

Result<void> start_container(const Instance& instance) {
  TRY(instance.lock());
  const Status status = instance.status();
  if (status != Status::kCreated) return cannot_start(instance, status);
  TRY_SET(const Fd connection, connect_unix(instance.dir(), kStartSocket, SOCK_SEQPACKET));
  auto started = start_waiting(connection.get(), instance.record().pid);
  unlinkat(instance.dir(), kStartSocket, 0);
  TRY(std::move(started));
  TRY_SET(const Plan plan, instance.plan());
  auto hooks = run_hooks(plan.poststart, plan, instance.record().pid, "running");
  if (!hooks.ok()) (void)end_container(instance).ok();
  return hooks;
}

Result<void> kill_container(const Instance& instance, int signal, bool all) {
  if (all) return signal_all(instance, signal);
  TRY_SET(const Fd process, instance.process());
  auto sent = pidfd_signal(process.get(), signal);
  if (!sent.ok() && sent.error().err == ESRCH) return fail(Code::kInUse, "container not running");
  return sent;
}

Result<void> delete_container(const StateRoot& root, const std::string& id, bool force) {
  auto opened = Instance::open(root, id);
  if (!opened.ok()) {
    if (!force || opened.error().code != Code::kNotFound) return std::move(opened).error();
    // What a creation that was killed has left.
    if (faccessat(root.dir(), id.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) return {};
    TRY_SET(const Fd left, root.claim(id));
    return root.forget(id);
  }
  const Instance& instance = *opened;
  TRY(instance.lock());
  const Status status = instance.status();
  if (!force && (status == Status::kRunning || status == Status::kPaused)) {
    return fail(Code::kInUse, "cannot delete container \"" + id + "\" that is not stopped: " + status_name(status))
        .with_hint("kill it first, or delete it with --force");
  }
  TRY(end_container(instance));
  auto plan = instance.plan();
  if (!instance.record().cgroup.empty()) {
    TRY(remove_cgroup(plan.ok() ? plan->cgroup : CgroupPlan{}, instance.record().cgroup));
  }
  auto hooks = plan.ok() ? run_hooks(plan->poststop, *plan, 0, "stopped") : Result<void>();
  TRY(root.forget(id));
  return hooks;
}

Result<void> pause_container(const Instance& instance) {
  const Status status = instance.status();
  if (status == Status::kStopped || status == Status::kPaused) {
    return fail(Code::kInUse, "container not running: it is " + std::string(status_name(status)));
  }
  TRY_SET(const Cgroup group, instance.cgroup());
  return group.freeze(true);
}

Result<void> resume_container(const Instance& instance) {
  if (!instance.process().ok()) return fail(Code::kInUse, "container not running");
  TRY_SET(const Cgroup group, instance.cgroup());
  if (!group.frozen()) return fail(Code::kInUse, "container not paused");
  return group.freeze(false);
}

}  // namespace creel::engine::runtime
