#include "engine/system/reset.h"

#include <fcntl.h>

#include "base/file.h"
#include "engine/container/container.h"
#include "engine/volume/volume.h"
#include "storage/erase.h"

namespace creel::engine {

Result<void> reset(Engine& engine) {
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const auto containers, store->containers());
  for (const storage::ContainerRecord& container : containers) {
    auto removed = remove(engine, container.id, RemoveOptions{.force = true, .volumes = false, .timeout = 0});
    // With --rm, its own end may have been faster.
    if (!removed.ok() && removed.error().code != Code::kNotFound) return std::move(removed).error();
  }
  const storage::Paths& paths = engine.paths();
  TRY(storage::erase_store(paths));
  TRY_SET(const Fd runtime, open_file(paths.runtime, O_RDONLY | O_DIRECTORY));
  for (const char* ours : {"containers", "events", "mounts", "oci"}) TRY(remove_tree_at(runtime.get(), ours));
  return {};
}

}  // namespace creel::engine
