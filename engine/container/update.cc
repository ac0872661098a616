// update: first what is checked, then what runs, then the record.
#include "engine/container/update.h"

#include "base/text.h"
#include "engine/container/container.h"
#include "engine/container/control_group.h"
#include "engine/container/passes.h"
#include "engine/container/state.h"
#include "engine/event/event.h"
#include "engine/health/health.h"
#include "engine/monitor/client.h"

namespace creel::engine {

namespace {

bool is_given(const HealthOptions& o) {
  return o.none || o.cmd || o.interval || o.timeout || o.start_period || o.start_interval || o.on_failure || o.log_destination || o.startup_cmd ||
         o.startup_interval || o.startup_timeout || o.retries || o.startup_retries || o.startup_success || o.max_log_count || o.max_log_size;
}

Result<void> change_life(const UpdateOptions& options, const storage::ContainerRecord& record, ContainerConfig& config) {
  if (options.restart) {
    TRY_SET(config.restart, parse_restart_policy(*options.restart));
    if (record.remove_on_exit && config.restart.restarts() && config.restart.policy != "on-failure") {
      return fail(Code::kInvalid, "container " + record.id + " is removed when it ends (--rm), which restart policy \"" + config.restart.policy +
                                      "\" would never let it do");
    }
  }
  if (!is_given(options.health)) return {};
  // The image has had its say when the container was made.
  TRY(apply_health(options.health, {}, config.health));
  if (config.sdnotify == "healthy" && !config.health.check.runs()) {
    return fail(Code::kInvalid, "sdnotify policy \"healthy\" requires a healthcheck to be set");
  }
  return {};
}

Result<void> change_environment(const UpdateOptions& options, ContainerConfig& config) {
  for (const std::string& name : options.unset_env) {
    std::erase_if(config.env, [&](const std::string& entry) { return cut(entry, '=').before == name; });
  }
  const std::vector<std::string> host = host_environment();
  for (const std::string& text : options.env) TRY(add_env(text, host, config.env));
  for (const std::string& text : options.ulimit) {
    TRY(check_ulimit(text));
    std::erase_if(config.ulimits, [&](const std::string& old) { return cut(old, '=').before == cut(text, '=').before; });
    config.ulimits.push_back(text);
  }
  return {};
}

// Its monitor carries out what its record says.
Result<void> tell_monitor(Engine& engine, const UpdateOptions& options, const ContainerConfig& config) {
  if (!options.restart && !is_given(options.health)) return {};
  TRY_SET(const monitor::HealthJob health, make_health_job(engine, config));
  auto told = monitor::change_life(engine.paths().running(config.id), make_restart_job(engine, config), is_given(options.health) ? &health : nullptr);
  // It has ended meanwhile: its next start knows.
  if (!told.ok() && told.error().code != Code::kInUse) return std::move(told).error().within("updating container " + config.id);
  return {};
}

}  // namespace

Result<std::string> update(Engine& engine, const std::string& name, const UpdateOptions& options) {
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  TRY_SET(ContainerConfig config, config_of(record));
  const bool was_limited = asks_for_limit(config.limits);
  TRY(parse_limits(options.limits, config.limits));
  if (config.cgroups == "disabled" && asks_for_limit(config.limits)) {
    return fail(Code::kInvalid, "cannot set limits if not creating cgroups: invalid argument");
  }
  TRY(change_life(options, record, config));
  TRY(change_environment(options, config));
  const monitor::Observed observed = observe(engine, record.id);
  // Also to take a limit away.
  if ((was_limited || asks_for_limit(config.limits)) && has_first_process(observed)) {
    TRY_SET(const runtime::Cgroup group, control_group_of(observed, "updating container " + record.name));
    TRY_SET(const runtime::Resources resources, resources_of(config.limits));
    // First the kernel, which knows best what it can do: what it has refused is not kept.
    TRY(runtime::update_cgroup(running_plan(record.id, group.path()), group, resources));
  } else if (config.cgroups != "split") {
    TRY(plan_control_group(engine, config));
  }
  record.config = to_json_text(config);
  TRY(store->update_container(record));
  if (is_active(observed)) TRY(tell_monitor(engine, options, config));
  record_container(engine, record, "update");
  return record.id;
}

}  // namespace creel::engine
