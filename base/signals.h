// Signal names. Thread-safe.
#pragma once

#include <string>

#include "base/result.h"

namespace creel {

// "9", "KILL", "SIGKILL", "rtmin+1". kInvalid.
Result<int> parse_signal(const std::string& text);
// 15 -> "SIGTERM"; the number as text where it has no name.
std::string signal_name(int number);

}  // namespace creel
