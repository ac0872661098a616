// --userns keep-id: the caller has an entry in the container's /etc/passwd and /etc/group, so that programs find a name
// and a home for the ID they run as.
#pragma once

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/engine.h"

namespace creel::engine {

[[nodiscard]] bool wants_user_files(const ContainerConfig& config);
// Writes `passwd` and `group` into the directory `running`, each only where the image's own lacks the ID.
Result<void> write_user_files(Engine& engine, const ContainerConfig& config, int running);
// `text` in the format of passwd(5) or group(5): whether a line has `id` in its third field.
[[nodiscard]] bool has_id(const std::string& text, const std::string& id);

}  // namespace creel::engine
