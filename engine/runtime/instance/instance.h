// One existing container, as a command of creel-runtime finds it in the state directory.
// Who runs this: creel-runtime, as its caller. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/runtime/cgroup/cgroup.h"
#include "engine/runtime/child/plan.h"
#include "engine/runtime/instance/record.h"
#include "engine/runtime/instance/state_root.h"

namespace creel::engine::runtime {

enum class Status : std::uint8_t { kCreated, kRunning, kPaused, kStopped };
const char* status_name(Status status);

class Instance {
 public:
  // kNotFound: container "ID" does not exist.
  static Result<Instance> open(const StateRoot& root, const std::string& id);

  [[nodiscard]] const Record& record() const { return record_; }
  [[nodiscard]] int dir() const { return dir_.get(); }
  [[nodiscard]] Status status() const;
  // kInUse: container not running.
  [[nodiscard]] Result<Fd> process() const { return open_process(record_); }
  [[nodiscard]] Result<Plan> plan() const;
  // kUnavailable: it has none of its own, with the reason and the cure.
  [[nodiscard]] Result<Cgroup> cgroup() const;
  // PIDs of everything in it: of its control group, else of its PID namespace.
  [[nodiscard]] Result<std::vector<pid_t>> processes() const;
  // Waits for whoever creates, starts or deletes it, and keeps others from it until this object goes.
  [[nodiscard]] Result<void> lock() const;

  // OCI state, as runtime.md has it; `details` adds what `list` shows.
  [[nodiscard]] std::string state_json(Status status) const;

 private:
  Record record_;
  Fd dir_;
};

}  // namespace creel::engine::runtime
