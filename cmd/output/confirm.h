#pragma once

#include <string>

#include "base/result.h"

namespace creel::cmd {

// Prints `warning` and "Are you sure you want to continue? [y/N] ", reads a line. True: it begins with y or Y. An end
// of input is kFailed, "EOF", as Podman has it: nobody agreed.
Result<bool> confirmed(const std::string& warning);

}  // namespace creel::cmd
