#include "engine/time_filter.h"

#include <cstdlib>
#include <ctime>

#include "base/text.h"

namespace creel::engine {

Result<std::int64_t> parse_duration(const std::string& text) {
  auto bad = [&] { return fail(Code::kInvalid, "invalid duration \"" + text + "\""); };
  const char* p = text.c_str();
  bool negative = false;
  if (*p == '-' || *p == '+') negative = *p++ == '-';
  if (*p == '0' && p[1] == '\0') return 0;
  if (*p == '\0') return bad();
  double total = 0;
  while (*p) {
    if ((*p < '0' || *p > '9') && *p != '.') return bad();
    char* end = nullptr;
    double number = std::strtod(p, &end);
    if (end == p) return bad();
    std::string unit;
    while (*end && (*end < '0' || *end > '9') && *end != '.') unit += *end++;
    double scale = 0;
    if (unit == "h")
      scale = 3600e9;
    else if (unit == "m")
      scale = 60e9;
    else if (unit == "s")
      scale = 1e9;
    else if (unit == "ms")
      scale = 1e6;
    else if (unit == "us" || unit == "µs")
      scale = 1e3;
    else if (unit == "ns")
      scale = 1;
    else
      return bad();
    total += number * scale;
    p = end;
  }
  if (total > 9.2e18) return bad();
  auto out = static_cast<std::int64_t>(total);
  return negative ? -out : out;
}

Result<std::int64_t> parse_time_filter(const std::string& text) {
  if (auto whole = parse_rfc3339(text); whole.ok()) return *whole;
  if (auto ago = parse_duration(text); ago.ok() && text != "0") return now_ns() - *ago;
  const Cut seconds = cut(text, '.');
  if (auto unix_time = parse_int(seconds.before, "time");
      unix_time.ok() && *unix_time >= 0 && *unix_time < 9000000000) {
    std::int64_t fraction = 0;
    if (seconds.found) {
      std::string digits = (seconds.after + "000000000").substr(0, 9);
      TRY_SET(fraction, parse_int(digits, "time"));
    }
    return *unix_time * 1000000000 + fraction;
  }
  for (const char* format : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"}) {
    std::tm parts{};
    parts.tm_isdst = -1;
    const char* end = strptime(text.c_str(), format, &parts);
    if (end && *end == '\0') return static_cast<std::int64_t>(mktime(&parts)) * 1000000000;
  }
  return fail(Code::kInvalid,
              "failed to parse \"" + text + "\" as a time: neither a date, Unix seconds nor a duration");
}

}  // namespace creel::engine
