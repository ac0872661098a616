// pause and unpause: the kernel's freezer of control groups. Runs as the caller, whose the group is.
#include <fcntl.h>

#include "base/file.h"
#include "base/lock.h"
#include "engine/container/container.h"
#include "engine/container/control_group.h"
#include "engine/container/state.h"
#include "engine/event/event.h"

namespace creel::engine {

namespace {

// The state record says what the kernel does; who asks for the state reads no control group.
Result<void> record(Engine& engine, const std::string& id, monitor::StateRecord state, bool paused) {
  state.paused = paused;
  TRY_SET(const Fd dir, open_file(engine.paths().running(id), O_RDONLY | O_DIRECTORY));
  return write_atomic_at(dir.get(), "state", monitor::encode(state));
}

Result<void> set_paused(Engine& engine, const storage::ContainerRecord& container, bool paused) {
  // One at a time, so that record and group agree.
  auto lock = FileLock::acquire(engine.paths().running(container.id) + "/pause.lock");
  if (!lock.ok() && lock.error().err != ENOENT) return std::move(lock).error();
  const monitor::Observed observed = observe(engine, container.id);
  if (paused && observed.status == monitor::Status::kPaused) {
    return fail(Code::kInUse, "\"" + container.id + "\" is already paused: container state improper");
  }
  if (paused && observed.status != monitor::Status::kRunning) {
    return fail(Code::kInUse, std::string("\"") + monitor::to_string(observed.status) +
                                  "\" is not running, can't pause: container state improper");
  }
  if (!paused && observed.status != monitor::Status::kPaused) {
    return fail(Code::kInUse, "\"" + container.id + "\" is not paused, can't unpause: container state improper");
  }
  TRY_SET(const runtime::Cgroup group, control_group_of(observed, "pausing container " + container.name));
  TRY(group.freeze(paused));
  if (!observed.state) return {};
  auto recorded = record(engine, container.id, *observed.state, paused);
  // What nobody can see must not be: it could not be undone.
  if (!recorded.ok()) (void)group.freeze(!paused).ok();
  if (recorded.ok()) record_container(engine, container, paused ? "pause" : "unpause");
  return recorded;
}

}  // namespace

Result<void> pause(Engine& engine, const std::string& name) {
  TRY_SET(const storage::ContainerRecord record, find_record(engine, name));
  return set_paused(engine, record, true);
}

Result<void> unpause(Engine& engine, const std::string& name) {
  TRY_SET(const storage::ContainerRecord record, find_record(engine, name));
  return set_paused(engine, record, false);
}

}  // namespace creel::engine
