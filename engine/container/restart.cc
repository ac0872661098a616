// restart and rename.
#include "engine/container/container.h"
#include "engine/container/names.h"
#include "engine/container/state.h"
#include "engine/event/event.h"

namespace creel::engine {

Result<void> restart(Engine& engine, const std::string& name, std::optional<unsigned> timeout, const std::string& signal) {
  TRY_SET(const storage::ContainerRecord record, find_record(engine, name));
  const bool alive = is_alive(observe(engine, record.id));
  if (alive && record.remove_on_exit) {
    return fail(Code::kUnsupported, "restarting container " + record.id + ": it is removed when it ends (--rm)");
  }
  if (alive) TRY(stop(engine, record.id, timeout, signal));
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
  record_container(engine, record, "rename");
  return {};
}

}  // namespace creel::engine
