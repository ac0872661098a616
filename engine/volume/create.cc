#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/event/event.h"
#include "engine/json.h"
#include "engine/volume/volume.h"

namespace creel::engine {

Result<std::string> create_volume(Engine& engine, const VolumeRequest& request) {
  storage::VolumeRecord record;
  record.name = request.name.empty() ? random_hex(32) : request.name;
  TRY(check_volume_name(record.name));
  record.created_ns = now_ns();
  record.options = dump_json(request.options);
  record.labels = dump_json(request.labels);
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  auto added = store->add_volume(record);
  if (!added.ok()) {
    if (added.error().code == Code::kExists && request.ignore) return record.name;
    return std::move(added).error();
  }
  // Killed here, the directory is made when the volume is used.
  auto made = ensure_volume_directory(engine, record.name, request.options);
  if (!made.ok()) {
    (void)remove_volume(engine, record.name).ok();
    return std::move(made).error();
  }
  Event event;
  event.type = "volume";
  event.status = "create";
  event.name = record.name;
  record_events(engine, {event});
  return record.name;
}

Result<storage::VolumeRecord> find_volume(Engine& engine, const std::string& name) {
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(auto exact, store->volume(name));
  if (exact) return std::move(*exact);
  const Error absent = fail(Code::kNotFound, "no volume with name \"" + name + "\" found: no such volume");
  if (name.empty()) return absent;
  TRY_SET(std::vector<storage::VolumeRecord> all, store->volumes());
  std::erase_if(all, [&](const storage::VolumeRecord& volume) { return volume.name.rfind(name, 0) != 0; });
  if (all.empty()) return absent;
  if (all.size() > 1) {
    return fail(Code::kInvalid, "more than one result for volume name " + name + ": volume name is ambiguous");
  }
  return std::move(all.front());
}

}  // namespace creel::engine
