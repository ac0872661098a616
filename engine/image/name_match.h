// Names without a registry. Pure text; thread-safe.
#pragma once

#include <string>

namespace creel::engine {

// Whether "host/a/x:1" (`full`) is called `given` ("x:1", "a/x:1"), which names no registry.
bool ends_as(const std::string& full, const std::string& given);

}  // namespace creel::engine
