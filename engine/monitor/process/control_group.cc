// Session: the container's control group, from the clone to what the kernel has counted in it at the end.
#include <signal.h>

#include "engine/monitor/process/session.h"

namespace creel::engine::monitor {

namespace {

// Where nobody has asked for a limit a container runs all the same when no group can be made. One that still has
// processes is another matter: they are of an earlier run (--pid=host), and would be taken for this one's.
bool must_have(const runtime::CgroupPlan& plan, const Error& why) {
  return plan.required || why.code == Code::kInUse;
}

}  // namespace

Result<void> Session::begin_placement() {
  auto placement = runtime::CgroupPlacement::begin(job_.plan.cgroup);
  if (placement.ok()) {
    placement_ = std::move(*placement);
  } else if (must_have(job_.plan.cgroup, placement.error())) {
    return std::move(placement).error();
  } else {
    job_.plan.cgroup = {};
  }
  return {};
}

// Beside the child's own mounting: systemd takes milliseconds to make a scope.
Result<void> Session::finish_placement() {
  if (job_.plan.cgroup.manager == runtime::CgroupManager::kNone) return {};
  auto finished = placement_.finish(first_->pid());
  if (!finished.ok()) return must_have(job_.plan.cgroup, finished.error()) ? std::move(finished) : Result<void>();
  const runtime::Cgroup& group = placement_.cgroup();
  state_.cgroup = group.path();
  if (!group.valid()) return {};
  // The group is systemd's to remove as soon as its last process has ended: what has happened in it is read when it
  // happens.
  if (auto watch = runtime::CgroupWatch::open(group); watch.ok()) watch_ = std::move(*watch);
  return {};
}

void Session::note_oom() {
  if (!watch_) return;
  auto event = watch_->next(0);
  if (event.ok() && *event == runtime::CgroupWatch::Event::kOomKill) oom_killed_ = true;
  // Of a group that is gone it would be ready for ever.
  if (!event.ok() || *event == runtime::CgroupWatch::Event::kEmpty) watch_.reset();
}

void Session::leave_control_group() {
  runtime::Cgroup group = placement_.take();
  if (!group.valid()) return;
  note_oom();
  watch_.reset();
  // What shares the host's processes (--pid=host) does not end with the first one.
  (void)group.signal_all(SIGKILL).ok();
  const std::string path = group.path();
  group = {};
  // One that cannot be removed is found by its name when the container is started again or removed.
  (void)runtime::remove_cgroup(job_.plan.cgroup, path).ok();
}

}  // namespace creel::engine::monitor
