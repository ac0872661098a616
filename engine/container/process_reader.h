// One process as /proc/PID tells of it, its numbers not yet named. See proc_pid_stat(5), proc_pid_status(5).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/container/processes.h"

namespace creel::engine {

struct RawProcess {
  ProcessInfo info;  // all but names of users and groups
  pid_t host_parent = 0;
  std::uint32_t uid = 0, real_uid = 0, gid = 0, real_gid = 0;  // as the reader's user namespace has them
  std::vector<std::uint32_t> groups;
};

// Clocks of this moment, so that all processes are measured by the same.
struct Moment {
  std::int64_t uptime_ns = 0, now_ns = 0;
  static Moment now();
};

// Nothing: it has ended meanwhile.
std::optional<RawProcess> read_process(pid_t pid, const Moment& moment);

}  // namespace creel::engine
