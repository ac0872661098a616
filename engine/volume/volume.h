// Named and anonymous volumes: directories under <store>/volumes. This issue needs what -v needs; `volume …` comes
// later.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/engine.h"

namespace creel::engine {

// "[a-zA-Z0-9][a-zA-Z0-9_.-]*". kInvalid.
Result<void> check_volume_name(const std::string& name);
// Makes the directory (0755, owned by the caller) where absent. Returns _data's path. The record is added with the
// container's.
Result<std::string> ensure_volume_directory(Engine& engine, const std::string& name);
// Removes files (inside the user namespace) and record. kInUse, kNotFound.
Result<void> remove_volume(Engine& engine, const std::string& name);

}  // namespace creel::engine
