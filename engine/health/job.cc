// What the monitor is to do of its own: probes, and starts after the first.
#include <algorithm>

#include "base/signals.h"
#include "engine/container/exec_plan.h"
#include "engine/container/external_runtime.h"
#include "engine/health/health.h"

namespace creel::engine {

namespace {

std::vector<std::string> command_of(const HealthCheckConfig& check) {
  if (check.test.front() == "CMD-SHELL") return {"/bin/sh", "-c", check.test.size() > 1 ? check.test[1] : ""};
  return {check.test.begin() + 1, check.test.end()};
}

Result<monitor::HealthCheck> make_check(Engine& engine, const ContainerConfig& config, const HealthCheckConfig& check) {
  monitor::HealthCheck out;
  if (!check.runs()) return out;
  out.interval_ns = check.interval_ns;
  out.timeout_ns = check.timeout_ns;
  out.retries = static_cast<std::int32_t>(check.retries);
  out.successes = static_cast<std::int32_t>(check.successes);
  const std::vector<std::string> command = command_of(check);
  if (has_external_runtime(config)) {
    out.program = engine.self_argv(true);
    out.program.insert(out.program.end(), {"exec", config.id});
    out.program.insert(out.program.end(), command.begin(), command.end());
    return out;
  }
  ExecOptions options;
  options.command = command;
  TRY_SET(const runtime::ProcessPlan plan, plan_exec(engine, config, options));
  out.command = monitor::encode(plan);
  return out;
}

monitor::HealthAction action_of(const std::string& name) {
  if (name == "kill") return monitor::HealthAction::kKill;
  if (name == "restart") return monitor::HealthAction::kRestart;
  if (name == "stop") return monitor::HealthAction::kStop;
  return monitor::HealthAction::kNone;
}

}  // namespace

Result<monitor::HealthJob> make_health_job(Engine& engine, const ContainerConfig& config) {
  const HealthConfig& health = config.health;
  monitor::HealthJob out;
  if (!health.check.runs()) return out;
  TRY_SET(out.check, make_check(engine, config, health.check));
  TRY_SET(out.startup, make_check(engine, config, health.startup));
  out.start_period_ns = health.check.start_period_ns;
  out.start_interval_ns = health.check.start_interval_ns;
  out.on_failure = action_of(health.on_failure);
  out.log_count = static_cast<std::int32_t>(health.log_count);
  out.log_size = health.log_size;
  out.log_events = health.log_destination == "events_logger";
  if (health.log_destination.rfind('/', 0) == 0) out.log_file = health.log_destination + "/" + config.id + "-healthcheck.log";
  return out;
}

monitor::RestartJob make_restart_job(Engine& engine, const ContainerConfig& config) {
  monitor::RestartJob out;
  if (config.restart.policy == "on-failure") out.rule = monitor::RestartRule::kOnFailure;
  if (config.restart.policy == "always" || config.restart.policy == "unless-stopped") out.rule = monitor::RestartRule::kAlways;
  out.most = static_cast<std::int32_t>(config.restart.most);
  if (auto signal = parse_signal(config.stop_signal); signal.ok()) out.stop_signal = *signal;
  out.stop_timeout_s = config.stop_timeout;
  out.program = engine.self_argv(true);
  out.program.insert(out.program.end(), {"__again", config.id, std::to_string(monitor::job_version())});
  return out;
}

}  // namespace creel::engine
