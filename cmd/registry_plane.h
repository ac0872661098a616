// Commands that speak to registries, beside those of ImagePlane: in creel-images, null in creel.
#pragma once

#include <memory>

#include "cmd/command.h"

namespace creel::cmd {

struct RegistryPlane {
  std::unique_ptr<Handler> (*push)();
  std::unique_ptr<Handler> (*login)();
  std::unique_ptr<Handler> (*logout)();
  std::unique_ptr<Handler> (*search)();
};
const RegistryPlane& registry_plane();

}  // namespace creel::cmd
