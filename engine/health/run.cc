// healthcheck run, and what is known of a container's health.
#include <unistd.h>

#include "base/file.h"
#include "engine/container/state.h"
#include "engine/health/health.h"
#include "engine/monitor/shared/restart.h"

namespace creel::engine {

Result<bool> run_healthcheck(Engine& engine, const std::string& name) {
  auto record = find_record(engine, name);
  if (!record.ok()) return std::move(record).error().within("unable to look up " + name + " to perform a health check");
  const auto not_running = [&] { return fail(Code::kInUse, "container " + record->id + " is not running"); };
  if (observe(engine, record->id).status != monitor::Status::kRunning) return not_running();
  TRY_SET(const ContainerConfig config, config_of(*record));
  if (!config.health.check.runs()) return fail(Code::kInvalid, "container " + record->id + " has no defined healthcheck");
  auto healthy = monitor::probe_health(engine.paths().running(record->id));
  if (!healthy.ok() && observe(engine, record->id).status != monitor::Status::kRunning) return not_running();
  if (!healthy.ok()) return std::move(healthy).error().within("container " + record->id);
  return healthy;
}

monitor::HealthRecord health_record(Engine& engine, const std::string& id, const ContainerConfig& config) {
  monitor::HealthRecord none;
  none.status = monitor::Health::kNone;
  if (!config.health.check.runs()) return none;
  auto text = read_file(engine.paths().running(id) + "/health");
  auto record = text.ok() ? monitor::decode_health(*text) : std::nullopt;
  return record ? *record : none;
}

bool is_stopped_by_user(Engine& engine, const std::string& id) {
  return path_exists(engine.paths().container(id) + "/" + monitor::kStoppedMark);
}

bool starts_on_boot(Engine& engine, const ContainerConfig& config) {
  if (config.restart.policy == "always") return true;
  return config.restart.policy == "unless-stopped" && !is_stopped_by_user(engine, config.id);
}

}  // namespace creel::engine
