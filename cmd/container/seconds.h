// A timeout in whole seconds, as flags take it. Thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace creel::cmd {

// kInvalid: below 0 or above 2^31-1; the text names `flag` ("-t, --time").
Result<unsigned> parse_seconds(std::int64_t value, std::string_view flag);

}  // namespace creel::cmd
