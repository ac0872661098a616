#pragma once

#include <string>

#include "engine/system/prune.h"

namespace creel::cmd {

// Prints what was removed, under `heading` where there is one, and the errors. The exit code.
int print_pruned(const engine::Pruned& pruned, const std::string& heading);

}  // namespace creel::cmd
