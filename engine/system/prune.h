// What `system prune`, `container prune` and `volume prune` remove. What begins to be used meanwhile stays, without an
// error. Not thread-safe; run inside the user namespace (Engine::open_inside).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace creel::engine {

// "until=10m", "label=a", "label=a=b", "label!=a". kInvalid: "X is an invalid filter".
struct Pruned {
  std::vector<std::string> removed;  // IDs, names of volumes
  std::int64_t bytes = 0;            // blocks that they took
  std::vector<Error> errors;         // of those that could not be removed
};
// Those that do not run.
Result<Pruned> prune_containers(Engine& engine, const std::vector<std::string>& filters);
// Names of those that no container uses.
Result<std::vector<std::string>> unused_volumes(Engine& engine, const std::vector<std::string>& filters);
Result<Pruned> prune_volumes(Engine& engine, const std::vector<std::string>& filters);
// Those without a name; `all`: every one that no container uses.
Result<Pruned> prune_images(Engine& engine, bool all, const std::vector<std::string>& filters);
// What interrupted commands left: content that no image names, dead staging, parts of transfers. Bytes.
Result<std::int64_t> prune_leftovers(Engine& engine);

}  // namespace creel::engine
