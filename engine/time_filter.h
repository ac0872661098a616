// Points in time as filters and --since/--until take them. Thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace creel::engine {

// RFC 3339, "2026-11-23", "2026-11-23T10:00[:05]" (local time), Unix seconds, or a duration before now: "10m", "1h30m".
Result<std::int64_t> parse_time_filter(const std::string& text);
// "1h30m", "10s", "1.5h" in nanoseconds, as Go's time.ParseDuration.
Result<std::int64_t> parse_duration(const std::string& text);

}  // namespace creel::engine
