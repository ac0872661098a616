#include "engine/container/id_names.h"

#include <sstream>

#include "base/text.h"

namespace creel::engine {

namespace {

constexpr std::uint32_t kNobody = 65534;

// What is shown on a terminal.
bool is_plain(const std::string& name) {
  for (const char c : name) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return false;
  }
  return !name.empty();
}

}  // namespace

IdNames::IdNames(const std::string& text) {
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() < 3 || !is_plain(fields[0])) continue;
    const auto id = parse_int(fields[2], "ID");
    // The first one counts, as in getpwuid(3).
    if (id.ok() && *id >= 0 && *id < UINT32_MAX) names_.emplace(static_cast<std::uint32_t>(*id), fields[0]);
  }
}

std::string IdNames::of(std::uint32_t id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? std::to_string(id) : found->second;
}

std::string IdNames::of(const std::vector<std::uint32_t>& ids) const {
  std::vector<std::string> out;
  out.reserve(ids.size());
  for (const std::uint32_t id : ids) out.push_back(of(id));
  return join(out, ",");
}

IdView::IdView(const std::string& text) {
  for (const std::string& line : split(text, '\n')) {
    std::istringstream numbers(line);
    Range range{};
    if (numbers >> range.inside >> range.outside >> range.count) ranges_.push_back(range);
  }
}

std::uint32_t IdView::inside(std::uint32_t outside) const {
  for (const Range& range : ranges_) {
    if (outside >= range.outside && outside - range.outside < range.count) return range.inside + (outside - range.outside);
  }
  return kNobody;
}

}  // namespace creel::engine
