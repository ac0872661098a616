// The commands on manifest lists that need the image plane. Null in creel, which then execs creel-images.
#pragma once

#include <memory>

#include "cmd/command.h"

namespace creel::cmd {

struct ManifestPlane {
  std::unique_ptr<Handler> (*add)();
  std::unique_ptr<Handler> (*annotate)();
  std::unique_ptr<Handler> (*create)();
  std::unique_ptr<Handler> (*inspect)();
  std::unique_ptr<Handler> (*push)();
  std::unique_ptr<Handler> (*remove)();
};
const ManifestPlane& manifest_plane();

}  // namespace creel::cmd
