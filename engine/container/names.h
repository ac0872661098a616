// Names for containers that were given none. Thread-safe.
#pragma once

#include <string>

namespace creel::engine {

// "adjective_noun", by chance.
std::string made_up_name();

}  // namespace creel::engine
