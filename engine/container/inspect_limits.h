// HostConfig's part on limits and the control group, with Podman's keys. Not thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/container/config.h"
#include "engine/engine.h"

namespace creel::engine {

nlohmann::json limits_section(Engine& engine, const ContainerConfig& config);

}  // namespace creel::engine
