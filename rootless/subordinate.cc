#include "rootless/subordinate.h"

#include <algorithm>

#include "base/text.h"

namespace creel::rootless {

std::vector<SubordinateRange> parse_subordinate(const std::string& text, const std::string& name, uid_t uid) {
  std::vector<SubordinateRange> out;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> parts = split(trim(line), ':');
    if (parts.size() != 3 || (parts[0] != name && parts[0] != std::to_string(uid))) continue;
    const auto first = parse_int(parts[1], "first ID");
    const auto count = parse_int(parts[2], "count of IDs");
    if (!first.ok() || !count.ok() || *first <= 0 || *count <= 0 || *first + *count > 0xffffffffLL) continue;
    const bool overlaps = std::any_of(out.begin(), out.end(), [&](const SubordinateRange& range) {
      return *first < static_cast<std::int64_t>(range.first) + range.count && range.first < *first + *count;
    });
    if (!overlaps) out.push_back({static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*count)});
  }
  return out;
}

}  // namespace creel::rootless
