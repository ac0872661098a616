// restart and rename.
#include "base/file.h"
#include "engine/container/container.h"
#include "engine/container/names.h"
#include "engine/container/state.h"
#include "engine/event/event.h"

namespace creel::engine {

Result<void> restart(Engine& engine, const std::string& name, std::optional<unsigned> timeout, const std::string& signal) {
  TRY_SET(const storage::ContainerRecord record, find_record(engine, name));
  const monitor::Observed observed = observe(engine, record.id);
  const bool active = is_active(observed) && observed.status != monitor::Status::kInitialized;
  if (active && record.remove_on_exit) {
    // It is removed when it ends: that it does not is its monitor's to see to.
    TRY_SET(const ContainerConfig config, config_of(record));
    int number = 0;
    if (!signal.empty()) {
      TRY_SET(number, parse_signal(signal));
    }
    auto restarted = monitor::ask_restart(engine.paths().running(record.id), timeout.value_or(config.stop_timeout), number);
    if (!restarted.ok()) return std::move(restarted).error().within("restarting container " + record.id);
    record_container(engine, record, "restart");
    return {};
  }
  if (active) TRY(stop(engine, record.id, timeout, signal));
  TRY(start(engine, record.id, StartRequest{}));
  record_container(engine, record, "restart");
  return {};
}

Result<void> rename(Engine& engine, const std::string& name, const std::string& to) {
  TRY(check_container_name(to));
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  record.name = to;
  auto updated = store->update_container(record);
  if (!updated.ok()) return std::move(updated).error().within("renaming container " + record.id);
  // What its monitor tells of it from now on.
  if (auto config = config_of(record); config.ok() && is_active(observe(engine, record.id))) {
    (void)write_atomic(engine.paths().running(record.id) + "/" + monitor::kEventHead, event_head(*config)).ok();
  }
  record_container(engine, record, "rename");
  return {};
}

}  // namespace creel::engine
