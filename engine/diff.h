// What a container or an image has changed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/layers.h"

namespace creel::engine {

enum class DiffOf : std::uint8_t { kAny, kContainer, kImage };
// A container against its image, an image against what is below its highest layer; either against `other` where that is
// not empty. Run inside the user namespace (system/inside.h). kNotFound.
Result<std::vector<Change>> diff(Engine& engine, DiffOf kind, const std::string& name, const std::string& other);

}  // namespace creel::engine
