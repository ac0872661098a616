// Factories of the image plane by path, so that a further command is a line in factories.cc and one in the table.
#pragma once

#include <memory>
#include <string_view>

#include "cmd/command.h"

namespace creel::cmd {

// Defined in cmd/images/factories.cc (creel-images) and cmd/main_creel.cc, where all are null.
std::unique_ptr<Handler> (*image_plane_factory(std::string_view path))();

}  // namespace creel::cmd
