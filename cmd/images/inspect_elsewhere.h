// creel image inspect and creel inspect, which in creel-images also know what is in registries, archives and
// directories.
#pragma once

#include "cmd/image/inspect.h"
#include "cmd/system/inspect.h"

namespace creel::cmd {

class ImageInspectElsewhereCommand : public ImageInspectCommand {
 protected:
  Result<nlohmann::json> inspect_elsewhere(Context& context, const std::string& location) override;
};

class InspectAnyElsewhereCommand : public InspectAnyCommand {
 protected:
  Result<nlohmann::json> inspect_elsewhere(Context& context, const std::string& location) override;
};

}  // namespace creel::cmd
