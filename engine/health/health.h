// Health checks and restart policies: what is asked for, checked and put into a container's configuration, and that as the
// monitor's job. Errors are Podman's words. Not thread-safe where an Engine is concerned, else pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/engine.h"
#include "engine/health/config.h"
#include "engine/health/options.h"
#include "engine/monitor/shared/health.h"
#include "engine/monitor/shared/job.h"

namespace creel::engine {

// --health-cmd: "none", a JSON array of words, "CMD-SHELL LINE", "CMD WORDS", else a line for the shell.
Result<std::vector<std::string>> parse_health_command(const std::string& text);
// `image`: the image's own check. `config` is what holds already (update), or as a new one is.
Result<void> apply_health(const HealthOptions& options, const HealthCheckConfig& image, HealthConfig& config);
// "no", "on-failure[:N]", "always", "unless-stopped", "".
Result<RestartConfig> parse_restart_policy(const std::string& text);

// What the monitor is to do. Nothing for a container without a check.
Result<monitor::HealthJob> make_health_job(Engine& engine, const ContainerConfig& config);
monitor::RestartJob make_restart_job(Engine& engine, const ContainerConfig& config);

// Runs the check now: whether it succeeded. kInUse: the container does not run. kInvalid: it has no check.
Result<bool> run_healthcheck(Engine& engine, const std::string& name);
// What is known of a container's health; of one that has not been started nothing.
monitor::HealthRecord health_record(Engine& engine, const std::string& id, const ContainerConfig& config);
bool is_stopped_by_user(Engine& engine, const std::string& id);
// After a restart of the machine: it is always to run, or has not been stopped.
bool starts_on_boot(Engine& engine, const ContainerConfig& config);

}  // namespace creel::engine
