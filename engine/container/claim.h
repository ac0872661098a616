// Who starts a container and who removes it keep out of each other's way by flock(2) on its directory: shared until it has
// been started, exclusive while it is removed. The kernel takes a lock back from whoever is killed. Not thread-safe.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/engine.h"

namespace creel::engine {

// Waits for a removal that has begun. kNotFound: it is gone.
Result<Fd> claim_for_start(Engine& engine, const std::string& id);
// Waits for who is making or starting it, for some seconds. Invalid where it was waited in vain, or where no directory can be.
Fd claim_for_removal(Engine& engine, const std::string& id);

}  // namespace creel::engine
