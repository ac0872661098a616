#include "cmd/volume/row.h"

#include <nlohmann/json.hpp>

#include "cmd/container/ps_text.h"
#include "cmd/output/output.h"
#include "engine/volume/volume.h"

namespace creel::cmd {

nlohmann::json volume_row(engine::Engine& engine, const storage::VolumeRecord& volume) {
  nlohmann::json row = engine::volume_document(engine, volume);
  row["CreatedAt"] = go_time(volume.created_ns);
  row["Status"] = nlohmann::json::object();
  for (const char* key : {"Anonymous", "NeedsCopyUp", "NeedsChown"}) row.emplace(key, false);
  for (const char* key : {"UID", "GID", "Timeout"}) row.emplace(key, 0);
  row["StorageID"] = "";
  return row;
}

nlohmann::json volume_inspection(engine::Engine& engine, const storage::VolumeRecord& volume,
                                 const std::string& format) {
  return format.empty() || means_json(format) ? engine::volume_document(engine, volume) : volume_row(engine, volume);
}

}  // namespace creel::cmd
