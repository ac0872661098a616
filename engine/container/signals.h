// Signal names. parse_signal() is in engine/container/container.h. Thread-safe.
#pragma once

#include <string>

namespace creel::engine {

// 15 -> "SIGTERM"; the number as text where it has no name.
std::string signal_name(int number);

}  // namespace creel::engine
