// What this build is, for version and info.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace creel::cmd {

// Podman's keys: Version, APIVersion, OsArch, …
nlohmann::json version_document();
// "amd64": how images name this machine's architecture.
const char* image_architecture();

}  // namespace creel::cmd
