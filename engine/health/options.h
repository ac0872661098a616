// --health-* and --restart as given on the command line. Absent: not given. Pure data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace creel::engine {

struct HealthOptions {
  std::optional<std::string> cmd, interval, timeout, start_period, start_interval, on_failure, log_destination;
  std::optional<std::string> startup_cmd, startup_interval, startup_timeout;
  std::optional<std::string> retries, startup_retries, startup_success, max_log_count, max_log_size;
  bool none = false;  // --no-healthcheck
};

}  // namespace creel::engine
