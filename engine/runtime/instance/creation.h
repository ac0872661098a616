// One container while it is being made: what has been done, and how to undo it.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/runtime/cgroup/cgroup.h"
#include "engine/runtime/child/init.h"
#include "engine/runtime/instance/create.h"
#include "engine/runtime/instance/record.h"

namespace creel::engine::runtime {

class Creation {
 public:
  Creation(const StateRoot& root, const CreateOptions& options) : root_(root), options_(options) {}
  // What is not published is undone: the process killed, its group removed, poststop hooks run, the state forgotten.
  ~Creation();
  Creation(const Creation&) = delete;
  Creation& operator=(const Creation&) = delete;

  // The bundle read, the ID taken, the process there and ready but for the exec. `waits_for_start`: on the socket in
  // the state directory; else for go().
  Result<void> prepare(bool waits_for_start);
  // The container can be seen from here on.
  Result<void> publish();
  // Of a process that does not wait on the socket; runs the poststart hooks.
  Result<void> go();
  // Until its end (attend.h). The exit code.
  Result<int> attend(int terminal);
  // After the end: poststop hooks, group and state.
  Result<void> remove();

  [[nodiscard]] InitProcess& process() { return process_; }
  [[nodiscard]] const Plan& plan() const { return bundle_.plan; }

 private:
  Result<void> clone(bool waits_for_start, bool at_once);
  Result<void> write_state(pid_t pid);
  Result<void> enter_state();
  Result<void> hand_over_terminal();
  void undo();

  const StateRoot& root_;
  const CreateOptions& options_;
  Bundle bundle_;
  Fd dir_;  // the container's state, locked
  Fd console_;
  Fd listener_;
  Record record_;
  std::optional<CgroupPlacement> placement_;
  InitProcess process_;
  bool cloned_ = false, created_ = false, entered_ = false, published_ = false;
};

}  // namespace creel::engine::runtime
