// The container's first process as a session sees it, whichever runtime makes it. Single-threaded.
#pragma once

#include <sys/types.h>

#include <memory>

#include "base/fd.h"
#include "base/result.h"
#include "engine/monitor/shared/job.h"
#include "engine/runtime/child/init.h"

namespace creel::engine::monitor {

// The calls come in the order in which they stand here.
class FirstProcess {
 public:
  virtual ~FirstProcess() = default;
  [[nodiscard]] virtual pid_t pid() const = 0;
  [[nodiscard]] virtual int pidfd() const = 0;
  // The container's own new network namespace; -1: it has none.
  [[nodiscard]] virtual int network_namespace() const = 0;
  // The control group is what it will be.
  virtual void placed() = 0;
  // Until all is set up but the start.
  virtual Result<void> wait_ready(const Job& job) = 0;
  // The pty's main side; invalid where the container has no terminal.
  virtual Fd take_terminal() = 0;
  // Starts the command. kCommandAbsent (127), kCannotInvoke (126), else what failed.
  virtual Result<void> go() = 0;
  // Waits for its end; the exit code, or 128 + signal. What the runtime keeps about it is gone afterwards.
  virtual int end() = 0;
};

// `stdio` is for a container without a terminal. As soon as this returns, the network namespace can be attached to.
Result<std::unique_ptr<FirstProcess>> make_first_process(const Job& job, const runtime::Stdio& stdio,
                                                         const runtime::InitOptions& options = {});

}  // namespace creel::engine::monitor
