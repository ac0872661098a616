// containers.conf(5), [engine] env: variables for the engine itself, proxies above all. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace creel::engine {

// "K=V", of the last of `files` that has any. kInvalid names the file.
Result<std::vector<std::string>> engine_environment(const std::vector<std::string>& files);

}  // namespace creel::engine
