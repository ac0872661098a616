// How much a container takes, as `ps --size` and `inspect --size` show it. Not thread-safe. Who runs this: root in the
// engine's user namespace (engine/system/inside.h), for the files belong to subordinate IDs.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "engine/engine.h"
#include "storage/store.h"

namespace creel::engine {

struct ContainerSize {
  std::int64_t written = 0;  // bytes of the files that it has written
  std::int64_t whole = 0;    // with those of its image
};
Result<ContainerSize> container_size(Engine& engine, const storage::ContainerRecord& container);

}  // namespace creel::engine
