#include "cmd/unbuilt.h"

#include <algorithm>

#include "cmd/known_surface.h"

namespace creel::cmd {
namespace {

// Words are separated by `separator` in `list`.
bool has_word(std::string_view list, std::string_view word, char separator) {
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(separator, at), list.size());
    if (list.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

struct Line {
  std::string_view paths;  // comma-separated
  std::string_view flags;  // space-separated
};

template <typename Visit>
bool any_line(Visit visit) {
  const std::string_view all = kKnownSurface;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    const std::string_view line = all.substr(at, end - at);
    const std::size_t bar = line.find('|');
    if (visit(Line{line.substr(0, bar), line.substr(bar + 1)})) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

bool known_command(std::string_view path) {
  return !path.empty() && any_line([&](const Line& line) { return has_word(line.paths, path, ','); });
}

bool known_flag(std::string_view command_path, std::string_view flag) {
  return any_line([&](const Line& line) {
    // After a command, a single letter is never meant as a global flag.
    const bool global = line.paths.empty() && (command_path.empty() || flag.starts_with("--"));
    return (global || (!line.paths.empty() && has_word(line.paths, command_path, ','))) &&
           has_word(line.flags, flag, ' ');
  });
}

}  // namespace creel::cmd
