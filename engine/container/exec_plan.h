// A further process in a container as a plan, without anything being started. Not thread-safe.
#pragma once

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/engine.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine {

// As exec would start it; `options` has its command, user, directory and environment.
Result<runtime::ProcessPlan> plan_exec(Engine& engine, const ContainerConfig& config, const ExecOptions& options);

}  // namespace creel::engine
