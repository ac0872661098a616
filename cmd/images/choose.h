// Asks whoever sits at the terminal which of several images is meant.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace creel::cmd {

// Shows the list on stderr and reads a line of standard input until it is a number of the list, or one of its names.
// kInvalid when the input ends without either.
Result<std::string> choose(const std::string& question, const std::vector<std::string>& candidates);

}  // namespace creel::cmd
