#include "engine/container/size.h"

#include <fcntl.h>

#include <cerrno>

#include "base/disk_meter.h"
#include "base/file.h"

namespace creel::engine {

Result<ContainerSize> container_size(Engine& engine, const storage::ContainerRecord& container) {
  ContainerSize out;
  auto dir = open_file(engine.paths().container(container.id), O_RDONLY | O_DIRECTORY);
  if (dir.ok()) {
    TRY_SET(const DiskUse use, DiskMeter().measure(dir->get(), "upper"));
    out.written = use.content;
  } else if (dir.error().err != ENOENT) {
    return std::move(dir).error();
  }
  out.whole = out.written;
  if (container.image_id.empty()) return out;
  TRY_SET(storage::Store * store, engine.store());
  // An image that was removed by force has no size any more.
  TRY_SET(const auto image, store->image_by_id(container.image_id));
  if (image) out.whole += image->size;
  return out;
}

}  // namespace creel::engine
