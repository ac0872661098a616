// A container's first process that another OCI runtime makes, by the command line of runc: create, start, delete.
// Who runs this: the monitor, single-threaded, root of the engine's user namespace (or real root).
#pragma once

#include <memory>

#include "base/result.h"
#include "engine/monitor/process/first_process.h"

namespace creel::engine::monitor {

// `create`: on return the process is there, in its control group, set up and waiting for `start`. Errors are the runtime's own
// words.
Result<std::unique_ptr<FirstProcess>> create_by_runtime(const Job& job, const runtime::Stdio& stdio,
                                                        const runtime::InitOptions& options);

}  // namespace creel::engine::monitor
