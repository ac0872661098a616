// CLOCK_MONOTONIC for timeouts. Thread-safe.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdint>

namespace creel::engine::monitor {

inline std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// What is left, for poll(2): not less, so that it is over when poll returns.
inline int ms_until(std::int64_t end_ns) {
  return static_cast<int>(std::clamp<std::int64_t>((end_ns - monotonic_ns() + 999'999) / 1'000'000, 0, 1 << 30));
}

}  // namespace creel::engine::monitor
