// Health checks and restart policies as a container's record keeps them. Pure data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace creel::engine {

struct HealthCheckConfig {
  std::vector<std::string> test;  // "CMD", words…; "CMD-SHELL", a line; "NONE"; empty: nothing was said
  std::int64_t interval_ns = 0;   // 0: only when asked for
  std::int64_t timeout_ns = 0, start_period_ns = 0, start_interval_ns = 0;
  std::int64_t retries = 0;
  std::int64_t successes = 0;     // of a start-up check
  [[nodiscard]] bool runs() const { return !test.empty() && test.front() != "NONE"; }
};

struct HealthConfig {
  HealthCheckConfig check, startup;
  std::string on_failure = "none";        // kill, restart, stop
  std::string log_destination = "local";  // events_logger, or a directory
  std::int64_t log_count = 5;             // probes; 0: all
  std::int64_t log_size = 500;            // bytes of each one's output; 0: all
};

struct RestartConfig {
  std::string policy;     // "" or "no", "on-failure", "always", "unless-stopped"
  std::int64_t most = 0;  // on-failure; 0: no bound
  [[nodiscard]] bool restarts() const { return !policy.empty() && policy != "no"; }
};

}  // namespace creel::engine
