// What `system reset` does.
#pragma once

#include "base/result.h"
#include "engine/engine.h"

namespace creel::engine {

// Ends and removes all containers, then everything else in the store, and the store. Not thread-safe; runs inside the user
// namespace (Engine::open_inside).
Result<void> reset(Engine& engine);

}  // namespace creel::engine
