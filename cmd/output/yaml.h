// A JSON document as YAML, the way `podman info` prints it without --format.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace creel::cmd {

std::string yaml_text(const nlohmann::json& document);

}  // namespace creel::cmd
