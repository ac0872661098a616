// The handlers that creel-images alone has.
#pragma once

#include <memory>
#include <string_view>

#include "cmd/command.h"

namespace creel::cmd {

// The factory of the command `path` ("pull"). Defined in cmd/images/factories.cc (creel-images) and in
// cmd/main_creel.cc, where all are null: creel then execs creel-images.
std::unique_ptr<Handler> (*image_plane_factory(std::string_view path))();

}  // namespace creel::cmd
