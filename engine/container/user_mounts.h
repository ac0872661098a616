// What -v, --mount and volumes ask for, as mounts of the Spec. Runs as the caller, at each start. Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/engine.h"
#include "engine/runtime/spec.h"

namespace creel::engine {

// Of config.mounts, in that order.
Result<std::vector<runtime::Mount>> user_mounts(Engine& engine, const ContainerConfig& config);
// What has to be there before: volumes' directories, and empty ones for what is written over an overlay. What an earlier run
// has written there is gone.
Result<void> prepare_user_mounts(Engine& engine, const ContainerConfig& config);

}  // namespace creel::engine
