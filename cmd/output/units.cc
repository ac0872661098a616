#include <cmath>
#include <cstdio>
#include <cstring>

#include "cmd/output/output.h"
#include "cmd/output/size.h"

namespace creel::cmd {

namespace {

// At most nine decimals, none of them a trailing zero.
std::string with_decimals(std::uint64_t value, std::uint64_t unit) {
  std::string out = std::to_string(value / unit);
  std::string rest = std::to_string(unit + value % unit).substr(1);
  rest.erase(rest.find_last_not_of('0') + 1);
  return rest.empty() ? out : out + "." + rest;
}

}  // namespace

std::string human_size(std::int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 999.6 would print as 1e+03: it belongs to the next unit.
  while (std::fabs(value) >= 999.5 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  char text[64];
  std::snprintf(text, sizeof text, "%.3g %s", value, kUnits[unit]);
  return text;
}

std::string size_text(std::int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  char text[64];
  std::snprintf(text, sizeof text, "%.4g%s", value, kUnits[unit]);
  return text;
}

std::string human_duration(std::int64_t ns) {
  const auto seconds = ns / 1'000'000'000;
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return std::to_string(seconds) + " seconds";
  const auto minutes = seconds / 60;
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return std::to_string(minutes) + " minutes";
  const double exact_hours = static_cast<double>(ns) / 3.6e12;
  const auto hours = static_cast<std::int64_t>(exact_hours + 0.5);
  if (hours == 1) return "About an hour";
  if (hours < 48) return std::to_string(hours) + " hours";
  if (hours < 24 * 7 * 2) return std::to_string(hours / 24) + " days";
  if (hours < 24 * 30 * 2) return std::to_string(hours / 24 / 7) + " weeks";
  if (hours < 24 * 365 * 2) return std::to_string(hours / 24 / 30) + " months";
  return std::to_string(static_cast<std::int64_t>(exact_hours) / 24 / 365) + " years";
}

std::string go_duration(std::uint64_t ns) {
  if (ns == 0) return "0s";
  if (ns < 1'000) return std::to_string(ns) + "ns";
  if (ns < 1'000'000) return with_decimals(ns, 1'000) + "µs";
  if (ns < 1'000'000'000) return with_decimals(ns, 1'000'000) + "ms";
  const std::uint64_t minutes = ns / 60'000'000'000;
  std::string out;
  if (minutes >= 60) out = std::to_string(minutes / 60) + "h";
  if (minutes > 0) out += std::to_string(minutes % 60) + "m";
  return out + with_decimals(ns % 60'000'000'000, 1'000'000'000) + "s";
}

}  // namespace creel::cmd
