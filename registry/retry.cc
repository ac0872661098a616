#include "registry/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <string>

#include "base/text.h"

namespace creel::registry {

using std::chrono::milliseconds;

std::optional<milliseconds> parse_retry_after(std::string_view field, std::int64_t now_seconds) {
  constexpr std::int64_t kLongest = 1'000'000'000;
  field = trim(field);
  if (auto seconds = parse_int(field, "Retry-After"); seconds) {
    if (*seconds < 0) return std::nullopt;
    return milliseconds(std::min(*seconds, kLongest) * 1000);
  }
  const std::int64_t then = curl_getdate(std::string(field).c_str(), nullptr);
  if (then < 0) return std::nullopt;
  return milliseconds(std::clamp<std::int64_t>(then - now_seconds, 0, kLongest) * 1000);
}

std::optional<milliseconds> Retry::after(const HttpAnswer& answer) {
  using Kind = HttpAnswer::Kind;
  const int status = answer.head.status;
  const bool refused = answer.kind == Kind::kAnswered && (status == 429 || (status >= 500 && status != 501));
  if (left_ <= 0 || (!refused && answer.kind != Kind::kLost)) return std::nullopt;
  auto wait = milliseconds(delay_ms_ > 0 ? delay_ms_ : 500LL << std::min(done_, 6));
  if (refused) {
    if (auto asked = parse_retry_after(answer.head.field("retry-after"), now_ns() / 1'000'000'000)) wait = *asked;
  }
  if (wait > budget_) return std::nullopt;
  budget_ -= wait;
  --left_;
  ++done_;
  return wait;
}

}  // namespace creel::registry
