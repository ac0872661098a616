// Restart policies: whether a container that has ended is started again, and when. Plain data and pure functions; thread-safe.
// Semantics: podman-run(1) --restart, with Docker's back-off.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace creel::engine::monitor {

enum class RestartRule : std::uint8_t { kNo, kOnFailure, kAlways };

struct RestartJob {
  RestartRule rule = RestartRule::kNo;
  std::int32_t most = 0;            // with kOnFailure; 0: no bound
  std::vector<std::string> program;  // computes the next job and sends it on descriptor 3: creel … __again ID
  std::int32_t stop_signal = 15;    // what a health check's stop and restart send, and when SIGKILL follows
  std::uint32_t stop_timeout_s = 10;
};

// `restarts`: how often that has happened since somebody has started it.
[[nodiscard]] bool wants_restart(const RestartJob& job, int exit_code, int restarts);
// The pause before the next start; `last_ns`: before the one that has just ended, 0 if there was none. 100 ms, doubled up to a
// minute, and anew after a run of ten seconds.
[[nodiscard]] std::int64_t restart_pause_ns(std::int64_t last_ns, std::int64_t ran_ns);

// In a container's directory: the user has stopped it. Nothing but the user starts it again.
inline constexpr const char* kStoppedMark = "stopped";

}  // namespace creel::engine::monitor
