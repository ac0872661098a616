// A container that another OCI runtime runs, as the commands see it: its config.json, and the runtime's own commands.
// Runs as the caller; the runtime runs in the namespaces of the container's monitor, by a forked child. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/engine.h"
#include "engine/monitor/shared/job.h"
#include "engine/monitor/shared/record.h"
#include "engine/runtime/child/init.h"
#include "engine/runtime/spec.h"

namespace creel::engine {

[[nodiscard]] inline bool has_external_runtime(const ContainerConfig& config) { return !config.runtime_path.empty(); }

// What the monitor needs besides the plan. `spec`: as for Creel's own runtime; what is Creel's own in it becomes the
// specification's, or is left to the monitor.
Result<monitor::RuntimeJob> make_runtime_job(Engine& engine, const ContainerConfig& config, runtime::Spec spec);

// `RUNTIME exec`: as runtime::exec_in_container(). The process becomes this one's child.
Result<runtime::ExecProcess> exec_by_runtime(Engine& engine, const ContainerConfig& config, const monitor::Observed& observed,
                                             const runtime::Process& process, const runtime::Stdio& stdio);
// `RUNTIME WORDS… ID ARGUMENTS…`, to its end: {"pause"}, {"kill"} with {"15"}.
Result<void> run_runtime(Engine& engine, const ContainerConfig& config, const monitor::Observed& observed,
                         const std::vector<std::string>& words, const std::vector<std::string>& arguments = {});

// To the first process: by the runtime, which alone reaches into a virtual machine, else by the descriptor.
Result<void> signal_container(Engine& engine, const ContainerConfig& config, const monitor::Observed& observed, int pidfd,
                              int signal);

}  // namespace creel::engine
