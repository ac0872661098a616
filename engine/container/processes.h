// The processes of a running container, as the host's /proc shows them: nothing runs in the container for it.
// Runs as the caller. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace creel::engine {

struct ProcessInfo {
  pid_t host_pid = 0;
  pid_t pid = 0, parent = 0, group = 0;  // in its own PID namespace; parent 0: it is outside
  std::string command_line;              // that of a kernel thread, or of a zombie, is its name in brackets
  std::string name;                      // at most 15 bytes
  std::string state;                     // one letter: proc_pid_stat(5)
  std::string terminal;                  // "pts/0", "?"
  std::string label;                     // of the security module; "?": none
  // Names in the container, with numbers where there are none; on the host.
  std::string user, real_user, group_name, real_group, groups;
  std::string host_user, host_group, host_groups;
  std::int64_t nice = 0;
  std::uint64_t virtual_kib = 0, resident_kib = 0;
  std::int64_t cpu_ns = 0, elapsed_ns = 0, started_ns = 0;  // started: since the epoch
  enum Set : std::uint8_t { kInheritable, kPermitted, kEffective, kBounding, kAmbient };
  std::array<std::uint64_t, 5> capabilities{};
  int seccomp = 0;  // 0 disabled, 1 strict, 2 filter
};

// Those in the container's PID namespace; where that is the host's, those in its control group, or else its first process
// and what descends from it. By PID. kInUse: it does not run.
Result<std::vector<ProcessInfo>> processes_of(Engine& engine, const std::string& name);

}  // namespace creel::engine
