// Names of containers and volumes. Thread-safe.
#pragma once

#include <string>

#include "base/result.h"

namespace creel::engine {

// "adjective_noun", by chance.
std::string made_up_name();
// "[a-zA-Z0-9][a-zA-Z0-9_.-]*", 255 characters at most.
[[nodiscard]] bool is_valid_name(const std::string& name);
// kInvalid, in Podman's words.
Result<void> check_container_name(const std::string& name);

}  // namespace creel::engine
