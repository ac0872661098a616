#include "engine/container/state.h"

#include "base/process.h"

namespace creel::engine {

Result<storage::ContainerRecord> find_record(Engine& engine, const std::string& name) {
  TRY_SET(storage::Store * store, engine.store());
  auto record = store->container(name);
  if (!record.ok() && record.error().code == Code::kNotFound) {
    return fail(Code::kNotFound, "no container with name or ID \"" + name + "\" found: no such container");
  }
  return record;
}

Result<ContainerConfig> config_of(const storage::ContainerRecord& record) {
  auto config = config_from_json_text(record.config);
  if (!config.ok()) return std::move(config).error().within("container " + record.id);
  // Names can change; the record is right.
  config->name = record.name;
  return config;
}

monitor::Observed observe(Engine& engine, const std::string& id) {
  return monitor::observe(engine.paths().container(id), engine.paths().running(id));
}

bool is_alive(const monitor::Observed& observed) {
  return observed.status == monitor::Status::kRunning || observed.status == monitor::Status::kPaused;
}

bool has_first_process(const monitor::Observed& observed) {
  return is_alive(observed) || observed.status == monitor::Status::kInitialized;
}

bool is_active(const monitor::Observed& observed) {
  return has_first_process(observed) || observed.status == monitor::Status::kRestarting;
}

Result<Fd> first_process(const monitor::Observed& observed) {
  auto gone = [] { return fail(Code::kInUse, "the container is not running: container state improper"); };
  if (!has_first_process(observed) || !observed.state || observed.state->pid <= 0) return gone();
  auto pidfd = pidfd_open(observed.state->pid);
  // The descriptor first, the check after: what it names can no longer change.
  if (!pidfd.ok() || process_start_time(observed.state->pid) != observed.state->start_time) return gone();
  return pidfd;
}

Result<Container> find(Engine& engine, const std::string& name) {
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  Container out;
  out.observed = observe(engine, record.id);
  out.record = std::move(record);
  return out;
}

}  // namespace creel::engine
