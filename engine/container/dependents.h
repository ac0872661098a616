// Which containers need another one: they share a namespace of it, or were made with --requires. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace creel::engine {

// IDs of the containers that need the container `id` (a full ID), oldest first.
Result<std::vector<std::string>> dependents(Engine& engine, const std::string& id);

}  // namespace creel::engine
