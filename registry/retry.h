// When to ask again: what failed now may succeed later. One per operation; not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "registry/http.h"

namespace creel::registry {

// Retry-After: seconds or an HTTP date. nullopt for anything else; a date that has passed is 0.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view field, std::int64_t now_seconds);

class Retry {
 public:
  // `delay_ms` between attempts, 0: 500 ms, doubled each time. No operation waits longer than a minute altogether.
  Retry(int retries, std::int64_t delay_ms) : left_(retries), delay_ms_(delay_ms) {}
  // How long to wait before asking again; nullopt: no more, or pointless (neither 429, 5xx nor a lost connection).
  std::optional<std::chrono::milliseconds> after(const HttpAnswer& answer);

 private:
  int left_;
  int done_ = 0;
  std::int64_t delay_ms_;
  std::chrono::milliseconds budget_{60'000};
};

}  // namespace creel::registry
