// Dockerfile instructions that change an image's configuration: what `import --change` takes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace creel::engine::transfer {

// CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR; "KEY VALUE" or "KEY=VALUE". `config`
// is the "config" object of the OCI image configuration. kInvalid names what is malformed.
Result<void> apply_change(const std::string& change, nlohmann::json& config);

}  // namespace creel::engine::transfer
