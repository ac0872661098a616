#include "engine/runtime/child/attributes.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "engine/runtime/child/procfs.h"

namespace creel::engine::runtime {

namespace {

// struct sched_attr of sched_setattr(2), first version; glibc has none, and the kernel's header clashes with <sched.h>.
struct SchedulingAttributes {
  std::uint32_t size, policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime, deadline, period;
};

constexpr int kIoprioWhoProcess = 1;

Result<void> set_scheduler(const ProcessPlan& plan) {
  if (!plan.set_scheduler) return {};
  const SchedulingAttributes attributes{sizeof(SchedulingAttributes), plan.sched_policy,     plan.sched_flags,
                                        plan.sched_nice,              plan.sched_priority,   plan.sched_runtime_ns,
                                        plan.sched_deadline_ns,       plan.sched_period_ns};
  if (syscall(SYS_sched_setattr, 0, &attributes, 0) != 0) {
    Error error = errno_error("setting the scheduler (policy " + std::to_string(plan.sched_policy) + ")");
    return error.err == EPERM ? std::move(error).with_hint("it needs CAP_SYS_NICE on the host") : error;
  }
  return {};
}

}  // namespace

Result<void> apply_limits(const ProcessPlan& plan) {
  for (const RlimitStep& step : plan.rlimits) {
    rlimit limit{static_cast<rlim_t>(step.soft), static_cast<rlim_t>(step.hard)};
    if (setrlimit(static_cast<__rlimit_resource_t>(step.resource), &limit) != 0) {
      return errno_error("setting resource limit " + std::to_string(step.resource) + " to " + std::to_string(step.soft) + ":" +
                         std::to_string(step.hard))
          .with_hint("an ordinary user cannot raise a limit above the hard one that ulimit -H shows");
    }
  }
  TRY(set_scheduler(plan));
  if (plan.io_priority >= 0 && syscall(SYS_ioprio_set, kIoprioWhoProcess, 0, plan.io_priority) != 0) {
    return errno_error("setting the I/O priority");
  }
  if (plan.set_personality && personality(static_cast<unsigned long>(plan.personality)) < 0) return errno_error("setting the personality");
  return {};
}

Result<void> set_oom_score_adj(const ProcessPlan& plan) {
  if (!plan.set_oom_score_adj) return {};
  TRY_SET(Fd procfs, open_host_procfs());
  TRY_SET(Fd file, open_own(procfs.get(), "oom_score_adj", O_WRONLY));
  auto written = write_all(file.get(), std::to_string(plan.oom_score_adj));
  if (written.ok()) return {};
  Error error = std::move(written).error().within("setting oom_score_adj to " + std::to_string(plan.oom_score_adj));
  if (error.err == EACCES) error.hint = "an ordinary user can only raise it";
  return error;
}

Result<void> set_cpu_affinity(const std::string& cpus) {
  if (cpus.empty()) return {};
  if (syscall(SYS_sched_setaffinity, 0, cpus.size(), cpus.data()) != 0) return errno_error("setting the CPU affinity");
  return {};
}

Result<void> join_new_keyring() {
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0) return {};
  if (errno == ENOSYS || errno == EPERM || errno == EACCES) return {};
  Error error = errno_error("making a session keyring");
  return error.err == EDQUOT ? std::move(error).with_hint("raise the sysctl kernel.keys.maxkeys") : error;
}

}  // namespace creel::engine::runtime
