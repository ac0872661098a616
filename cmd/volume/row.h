// A volume as templates see it: Podman's document, with the time as Go prints one.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/engine.h"

namespace creel::cmd {

nlohmann::json volume_row(engine::Engine& engine, const storage::VolumeRecord& volume);
// The document itself where no template is given.
nlohmann::json volume_inspection(engine::Engine& engine, const storage::VolumeRecord& volume,
                                 const std::string& format);

}  // namespace creel::cmd
