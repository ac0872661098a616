// The flags that limit what a container may use, of create, run, update and container clone.
#pragma once

#include "cmd/flags.h"
#include "engine/container/options.h"

namespace creel::cmd {

void declare_limit_flags(Flags& flags, engine::LimitOptions& limits);
// What container clone has of them.
void declare_common_limit_flags(Flags& flags, engine::LimitOptions& limits);

}  // namespace creel::cmd
