// `system df`: which images, containers and volumes take how much of the disk. Bytes are blocks, as du(1) counts them;
// what several images share counts once in sums. Not thread-safe; run inside the user namespace (Engine::open_inside).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/container.h"
#include "engine/engine.h"
#include "storage/store.h"

namespace creel::engine {

struct ImageUse {
  storage::ImageRecord image;
  std::int64_t size = 0, shared = 0, unique = 0;  // layers, and blobs as they were pulled
  std::int64_t containers = 0;                    // that use it
};
struct ContainerUse {
  Container container;
  std::int64_t size = 0;  // what it has written, and its log
  std::int64_t volumes = 0;
};
struct VolumeUse {
  storage::VolumeRecord volume;
  std::int64_t size = 0;
  std::int64_t containers = 0;  // that use it
};
struct UseSummary {
  std::int64_t total = 0, active = 0;  // how many, and how many in use
  std::int64_t size = 0, reclaimable = 0;
};
struct SystemUse {
  std::vector<ImageUse> images;
  std::vector<ContainerUse> containers;
  std::vector<VolumeUse> volumes;
  // `leftovers`: what interrupted commands left, and what running ones have not finished; active: the latter.
  UseSummary all_images, all_containers, all_volumes, leftovers;
  std::vector<std::string> strange;  // paths beneath the store that are nobody's; among the leftovers, not reclaimable
};
Result<SystemUse> system_use(Engine& engine);

}  // namespace creel::engine
