// Changing what a container is, after it was made. Not thread-safe. Semantics: podman-update(1).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/options.h"
#include "engine/engine.h"
#include "engine/health/options.h"

namespace creel::engine {

struct UpdateOptions {
  LimitOptions limits;
  HealthOptions health;
  std::optional<std::string> restart;         // a policy
  std::vector<std::string> env, unset_env;    // "NAME=VALUE"; "NAME"
  std::vector<std::string> ulimit;            // as create takes them
};

// What is given is kept, and where the container runs limits, health check and restart policy are in force when this returns;
// environment and ulimits are those of later processes. The full ID. Nothing is kept of what is refused.
Result<std::string> update(Engine& engine, const std::string& name, const UpdateOptions& options);

}  // namespace creel::engine
