// --health-* as run, create and update take them.
#pragma once

#include "cmd/flags.h"
#include "engine/health/options.h"

namespace creel::cmd {

// Older spellings: --healthcheck-*.
enum class HealthNames { kBoth, kNew };
void declare_health_flags(Flags& flags, engine::HealthOptions& options, HealthNames names = HealthNames::kBoth);

}  // namespace creel::cmd
