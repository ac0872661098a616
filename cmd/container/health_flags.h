// --health-* as run, create and update take them.
#pragma once

#include "cmd/flags.h"
#include "engine/health/options.h"

namespace creel::cmd {

void declare_health_flags(Flags& flags, engine::HealthOptions& options);

}  // namespace creel::cmd
