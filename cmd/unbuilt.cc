#include "cmd/unbuilt.h"

#include <algorithm>

#include "base/text.h"
#include "cmd/known_surface.h"
#include "cmd/refusals.h"

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

std::string_view refusal_reason(std::string_view command_path, std::string_view flag) {
  const auto beneath = [&](std::string_view command) {
    return command == "*" || command_path == command ||
           (command_path.starts_with(command) && command_path.substr(command.size()).starts_with(' '));
  };
  // "container rm" is rm.
  for (const std::string_view group : {"container ", "image "}) {
    const std::string_view rest = command_path.substr(std::min(group.size(), command_path.size()));
    if (command_path.starts_with(group) && !rest.empty()) {
      if (const std::string_view reason = refusal_reason(rest, flag); !reason.empty()) return reason;
    }
  }
  const std::string_view all = kRefusals;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = all.find('\n', at);
    const std::string_view line = all.substr(at, end - at);
    const std::size_t first = line.find('|'), second = line.find('|', first + 1);
    const std::string_view flags = line.substr(first + 1, second - first - 1);
    if (beneath(line.substr(0, first)) && (flags.empty() || has_word(flags, flag, ' '))) return line.substr(second + 1);
    at = end + 1;
  }
  return {};
}

Error refusal(std::string_view what, std::string_view reason) {
  return fail(Code::kUnsupported, std::string(what) + (reason.empty() ? " is not built yet" : " is not supported: " + std::string(reason)));
}

void each_known_command(const std::function<void(const std::vector<std::string>& paths, const std::vector<std::string>& flags)>& visit) {
  any_line([&](const Line& line) {
    std::vector<std::string> flags;
    for (const std::string& flag : split(line.flags, ' ')) {
      if (!flag.empty()) flags.push_back(flag);
    }
    visit(split(line.paths, ','), flags);
    return false;
  });
}

}  // namespace creel::cmd
