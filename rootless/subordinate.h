// /etc/subuid and /etc/subgid, subuid(5): "NAME-or-UID:FIRST:COUNT" per line. Pure text in, ranges out.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace creel::rootless {

struct SubordinateRange {
  std::uint32_t first;
  std::uint32_t count;
};
// The lines of this user, by name or by number, in order. Malformed lines, empty ranges, ranges past the last ID and
// ranges that overlap an earlier one are left out, as shadow-utils does not map them either.
std::vector<SubordinateRange> parse_subordinate(const std::string& text, const std::string& name, uid_t uid);

// The first ID after everybody's ranges; 0 where there are none.
std::uint32_t after_last_subordinate(const std::string& text);

}  // namespace creel::rootless
