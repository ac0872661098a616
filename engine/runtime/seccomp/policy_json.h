// A seccomp policy as the linux.seccomp object of config.json, for other runtimes. See config-linux.md "Seccomp".
// Thread-safe.
#pragma once

#include <string>

#include "engine/runtime/seccomp/policy.h"

namespace creel::engine::runtime {

std::string policy_json(const SeccompPolicy& policy);

}  // namespace creel::engine::runtime
