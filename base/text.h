// Small text helpers that know nothing of containers. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace creel {

std::vector<std::string> split(std::string_view text, char separator);
// At the first separator: {before, after}; after is empty and found false when there is none.
struct Cut {
  std::string before;
  std::string after;
  bool found;
};
Cut cut(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);
// A whole decimal number, nothing around it. kInvalid otherwise; the text names `what`.
Result<std::int64_t> parse_int(std::string_view text, std::string_view what);
// Bytes: "512", "64k", "1.5GiB", "2 GB" (powers of 1024, as docker and podman read them). kInvalid otherwise, also
// where 63 bits do not hold it.
Result<std::int64_t> parse_size(std::string_view text, std::string_view what);
// Closest of `candidates` within an edit distance of 2 (3 for long words), or empty: for did-you-mean.
std::string closest(std::string_view word, const std::vector<std::string>& candidates);

// `bytes` random bytes from getrandom(2) as lower-case hex.
std::string random_hex(std::size_t bytes);
std::string to_hex(const unsigned char* data, std::size_t size);

// CLOCK_REALTIME in nanoseconds since the epoch.
std::int64_t now_ns();
// RFC 3339 with nanoseconds, trailing zeros removed, UTC ("2026-11-23T21:11:46.123456789Z").
std::string format_rfc3339(std::int64_t ns);
// Strict; with 'Z' or an offset. Times outside 1677 to 2262 become the nearest that an int64 holds. kInvalid otherwise.
Result<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace creel
