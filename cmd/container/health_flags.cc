#include "cmd/container/health_flags.h"

#include <string>

namespace creel::cmd {

void declare_health_flags(Flags& flags, engine::HealthOptions& o, HealthNames names) {
  const auto both = [&](const std::string& name) { return "--health-" + name + (names == HealthNames::kBoth ? ",--healthcheck-" + (name == "cmd" ? "command" : name) : ""); };
  flags.value(both("cmd"), o.cmd, "command", "Command that tells whether the container is well; none: no check");
  flags.value(both("interval"), o.interval, "duration", "Time between checks, 30s; disable: only when asked for");
  flags.value(both("timeout"), o.timeout, "duration", "How long a check may take, 30s");
  flags.value(both("retries"), o.retries, "number", "Failures in a row that make it unhealthy, 3");
  flags.value(both("start-period"), o.start_period, "duration", "Time after the start in which failures do not count");
  flags.value("--health-on-failure", o.on_failure, "action", "What to do when it is unhealthy: none, kill, restart or stop")
      .choices({"none", "kill", "restart", "stop"});
  flags.value("--health-startup-cmd", o.startup_cmd, "command", "Command that is checked first, until it succeeds");
  flags.value("--health-startup-interval", o.startup_interval, "duration", "Time between those, 30s");
  flags.value("--health-startup-timeout", o.startup_timeout, "duration", "How long one of those may take, 30s");
  flags.value("--health-startup-retries", o.startup_retries, "number", "Failures of it in a row that restart the container; 0: none do");
  flags.value("--health-startup-success", o.startup_success, "number", "Successes of it in a row that are needed");
  flags.value("--health-log-destination", o.log_destination, "where", "What keeps the checks' output: local, events_logger, or a directory");
  flags.value("--health-max-log-count", o.max_log_count, "number", "How many checks are kept, 5; 0: all");
  flags.value("--health-max-log-size", o.max_log_size, "number", "How many characters of each one's output are kept, 500; 0: all");
  flags.flag("--no-healthcheck", o.none, "No check, whatever the image says");
}

}  // namespace creel::cmd
