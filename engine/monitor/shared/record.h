// The two small files a monitor writes: what runs now (`state`, volatile) and how it ended (`exit`, durable).
// Text, one "key value" per line, unknown keys ignored. Written atomically; readable by any process at any time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/monitor/shared/health.h"

namespace creel::engine::monitor {

struct StateRecord {
  pid_t pid = 0;                      // the container's first process, in the host's PID namespace
  unsigned long long start_time = 0;  // field 22 of /proc/PID/stat: a recycled PID is not mistaken for it
  pid_t monitor_pid = 0;
  unsigned long long monitor_start_time = 0;
  std::string boot_id;
  std::int64_t started_ns = 0;  // CLOCK_REALTIME
  bool paused = false;
  std::string cgroup;  // the container's control group, from the root of the hierarchy; empty: none
  int restarts = 0;         // by its restart policy, since somebody has started it
  bool initialized = false;  // all is there but the command, which its monitor is to begin
  bool restarting = false;  // it has ended, and its monitor is about to start it again; there is no `pid`
  bool has_health = false;  // there is a health check, and a file of its own for what has come of it
};

struct ExitRecord {
  int code = 0;  // 0..255; 128 + signal when killed
  std::int64_t started_ns = 0;
  std::int64_t finished_ns = 0;
  bool oom_killed = false;
  std::string error;  // why it could not be started, if it could not
  int restarts = 0;
};

std::string encode(const StateRecord& record);
std::string encode(const ExitRecord& record);
std::optional<StateRecord> decode_state(std::string_view text);
std::optional<ExitRecord> decode_exit(std::string_view text);

enum class Status : std::uint8_t { kCreated, kInitialized, kRunning, kPaused, kRestarting, kExited };
// "created", "initialized", "running", "paused", "restarting", "exited"
const char* to_string(Status status);

struct Observed {
  Status status = Status::kCreated;
  std::optional<StateRecord> state;  // when initialized, running or restarting
  Health health = Health::kNone;     // when running
  std::optional<ExitRecord> exit;    // when exited or restarting. After kill -9 of the monitor or a reboot there is no record:
                                     // then one is made up, code 137 (or 255 after a reboot), finished "now unknown" 0
};
// The truth about one container, from its two directories, without any lock: running = its monitor holds `lock` (or its
// first process, checked by start time and boot, still lives); else the exit record; else created.
// `running_dir`/`container_dir` as storage::Paths. A few system calls; safe beside anything.
Observed observe(const std::string& container_dir, const std::string& running_dir);

}  // namespace creel::engine::monitor
