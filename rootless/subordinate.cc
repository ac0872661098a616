#include "rootless/subordinate.h"

#include <algorithm>

#include "base/text.h"

namespace creel::rootless {

namespace {
// 4294967295 is "no ID".
constexpr std::int64_t kLastId = 0xfffffffe;
}  // namespace

std::vector<SubordinateRange> parse_subordinate(const std::string& text, const std::string& name, uid_t uid) {
  std::vector<SubordinateRange> out;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> parts = split(trim(line), ':');
    if (parts.size() != 3 || (parts[0] != name && parts[0] != std::to_string(uid))) continue;
    const auto first = parse_int(parts[1], "first ID");
    const auto count = parse_int(parts[2], "count of IDs");
    if (!first.ok() || !count.ok() || *first <= 0 || *count <= 0 || *first > kLastId || *count > kLastId - *first + 1)
      continue;
    const bool overlaps = std::any_of(out.begin(), out.end(), [&](const SubordinateRange& range) {
      return *first < static_cast<std::int64_t>(range.first) + range.count && range.first < *first + *count;
    });
    if (!overlaps) out.push_back({static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*count)});
  }
  return out;
}

std::uint32_t after_last_subordinate(const std::string& text) {
  std::int64_t out = 0;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> parts = split(trim(line), ':');
    if (parts.size() != 3) continue;
    const auto first = parse_int(parts[1], "first ID");
    const auto count = parse_int(parts[2], "count of IDs");
    if (first.ok() && count.ok() && *first >= 0 && *count >= 0 && *first <= kLastId && *count <= kLastId - *first) {
      out = std::max(out, *first + *count);
    }
  }
  return static_cast<std::uint32_t>(out);
}

}  // namespace creel::rootless
