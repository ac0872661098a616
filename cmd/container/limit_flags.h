// The flags that limit what a container may use, of create, run and update.
#pragma once

#include "cmd/flags.h"
#include "engine/container/options.h"

namespace creel::cmd {

void declare_limit_flags(Flags& flags, engine::LimitOptions& limits);

}  // namespace creel::cmd
