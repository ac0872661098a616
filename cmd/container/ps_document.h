// A container as ps shows it to a template and as JSON.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "engine/container/container.h"
#include "engine/container/size.h"

namespace creel::cmd {

// Fields of a template. `whole`: --no-trunc. CIDFile and ExposedPorts are there when `container` has its config.
// `size`: where sizes were asked for.
nlohmann::json ps_row(const engine::Container& container, bool whole, std::int64_t now, const engine::ContainerSize* size = nullptr);
// An element of `ps --format json`, with Podman's keys.
nlohmann::json ps_document(const engine::Container& container, std::int64_t now, const engine::ContainerSize* size = nullptr);

}  // namespace creel::cmd
