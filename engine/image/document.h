// What `inspect` says of any image, here or elsewhere: the part that its configuration and its manifest tell. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace creel::engine {

// Podman's keys. `config` and `manifest` are the documents' bytes; of a manifest that is no JSON nothing is told.
// kInvalid: the configuration is no JSON.
Result<nlohmann::json> image_document(const std::string& config, const std::string& manifest);

}  // namespace creel::engine
