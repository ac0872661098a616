// For those who read or remove what belongs to subordinate IDs all the time.
#pragma once

#include "base/result.h"
#include "engine/engine.h"

namespace creel::engine {

// The engine, with this process moved into its user namespace, where it is root; where the user has no subordinate IDs,
// outside: then nothing belongs to one. Before any thread exists.
Result<Engine> open_inside(const Options& options);

}  // namespace creel::engine
