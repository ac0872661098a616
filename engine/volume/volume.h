// Named and anonymous volumes: directories under <store>/volumes, or what a volume's options say is mounted in their
// place. Runs as the caller; what belongs to a container's IDs is touched in the engine's user namespace. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace creel::engine {

// "type", "device", "o"; "UID" and "GID" are those of "o", as Podman shows them.
using VolumeOptions = std::map<std::string, std::string>;

// "[a-zA-Z0-9][a-zA-Z0-9_.-]*". kInvalid.
Result<void> check_volume_name(const std::string& name);
// --opt as given: "type=tmpfs", "o=size=1m,uid=5". kInvalid names an unknown one.
Result<VolumeOptions> parse_volume_options(const std::vector<std::string>& texts);
// Something else than its directory is mounted: by type and device.
[[nodiscard]] bool is_mounted(const VolumeOptions& options);

// Makes the directory (0755, owned by the caller, or by the user and group of `options`) where absent. Returns _data's
// path. The record is added with the container's.
Result<std::string> ensure_volume_directory(Engine& engine, const std::string& name, const VolumeOptions& options = {});
// Removes files (inside the user namespace) and record. kInUse, kNotFound.
Result<void> remove_volume(Engine& engine, const std::string& name);

struct VolumeRequest {
  std::string name;  // empty: made up
  VolumeOptions options;
  std::map<std::string, std::string> labels;
  bool ignore = false;  // one that is there is success
};
// The name. kExists.
Result<std::string> create_volume(Engine& engine, const VolumeRequest& request);
// By name, or by a unique beginning of one. kNotFound, kInvalid (ambiguous).
Result<storage::VolumeRecord> find_volume(Engine& engine, const std::string& name);
// By name. Filters: dangling, driver, label, label!, name, opt, scope, until, since, after. kInvalid names an unknown key.
Result<std::vector<storage::VolumeRecord>> list_volumes(Engine& engine, const std::vector<std::string>& filters);
// Podman's document of one.
nlohmann::json volume_document(Engine& engine, const storage::VolumeRecord& record);

}  // namespace creel::engine
