// One run of a container's health check, in a copy of the monitor that does only this and ends. What it needs of memory is
// gone with it; and no program is loaded but the container's own.
// Who runs this: a child of creel-monitor, single-threaded, root of the engine's user namespace (or real root).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "engine/monitor/shared/health.h"
#include "engine/monitor/shared/protocol.h"
#include "engine/runtime/cgroup/cgroup.h"

namespace creel::engine::monitor {

struct ProbeRequest {
  int memory = -1;       // with the HealthJob
  int running_dir = -1;  // where `health` is
  int link = -1;         // to the monitor: the ProbeReport, once; the monitor hangs up when the probe is to end
  int pidfd = -1;        // of the container's first process
  pid_t pid = 0;
  std::int64_t running_ns = 0;  // since its start
  const runtime::CgroupPlan* group = nullptr;
  std::string cgroup;                 // its control group; empty: none
  std::string event_log, event_head;  // as in Job
};

struct ProbeReport {
  ProbeResult result = ProbeResult::kUnable;
  bool healthy = false;  // the container is: its start-up check is over, too
  HealthAction action = HealthAction::kNone;
  std::int64_t next_ns = 0;  // until the next one; 0: only when asked for
};

[[noreturn]] void run_probe(const ProbeRequest& request);

}  // namespace creel::engine::monitor
