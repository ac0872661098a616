#include "cmd/help.h"

#include <algorithm>

#include "base/text.h"

namespace creel::cmd {
namespace {

struct Group {
  const char* name;
  const char* summary;
};
constexpr Group kGroups[] = {
    {"container", "Manage containers"},
    {"generate", "Make units and other files of containers"},
    {"healthcheck", "Check the health of containers"},
    {"image", "Manage images"},
    {"manifest", "Manage manifest lists"},
    {"secret", "Manage secrets"},
    {"system", "Look at this engine and its host"},
    {"volume", "Manage volumes"},
};

std::string pad(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

std::string command_list(const std::vector<Listed>& commands) {
  std::size_t width = 11;
  for (const Listed& command : commands) width = std::max(width, command.name.size());
  std::string text;
  for (const Listed& command : commands) text += "  " + pad(command.name, width) + " " + command.summary + "\n";
  return text;
}

// pflag aligns all help texts three columns after the widest flag.
std::string flag_list(const std::vector<FlagInfo>& infos) {
  std::vector<FlagLine> lines;
  std::size_t width = 0;
  for (const FlagInfo& info : infos) {
    if (info.hidden) continue;
    lines.push_back(flag_line(info));
    width = std::max(width, lines.back().left.size());
  }
  const auto key = [](const FlagLine& line) { return line.left.substr(std::min<std::size_t>(6, line.left.size())); };
  std::sort(lines.begin(), lines.end(), [&](const FlagLine& a, const FlagLine& b) { return key(a) < key(b); });
  std::string text;
  for (const FlagLine& line : lines) text += pad(line.left, width + 3) + line.right + "\n";
  return text;
}

std::string indent(const std::string& text) {
  std::string out;
  for (const std::string& line : split(text, '\n')) out += "  " + line + "\n";
  return out;
}

}  // namespace

bool is_group(std::string_view word) {
  return std::any_of(std::begin(kGroups), std::end(kGroups), [&](const Group& group) { return word == group.name; });
}

std::string group_summary(std::string_view group) {
  for (const Group& known : kGroups) {
    if (group == known.name) return known.summary;
  }
  return {};
}

std::vector<Listed> listed_commands(std::string_view group) {
  std::vector<Listed> found;
  for (const Command& command : table()) {
    const std::string_view path = command.path;
    if (command.hidden) continue;
    const std::size_t space = path.find(' ');
    if (group.empty() && space == std::string_view::npos) {
      found.push_back({command.path, command.summary});
    } else if (!group.empty() && path.substr(0, std::min(space, path.size())) == group &&
               space != std::string_view::npos) {
      found.push_back({std::string(path.substr(space + 1)), command.summary});
    }
  }
  if (group.empty()) {
    for (const Group& known : kGroups) found.push_back({known.name, known.summary});
  }
  std::sort(found.begin(), found.end(), [](const Listed& a, const Listed& b) { return a.name < b.name; });
  return found;
}

FlagLine flag_line(const FlagInfo& info) {
  std::string letter;
  std::string name;
  for (const std::string& part : split(info.names, ',')) {
    if (part.starts_with("--")) {
      if (name.empty()) name = part;
    } else if (letter.empty()) {
      letter = part;
    }
  }
  FlagLine line;
  line.left = (letter.empty() ? "      " : "  " + letter + ", ") + name;
  if (!info.placeholder.empty()) line.left += " " + info.placeholder;
  line.right = info.help;
  if (!info.fallback.empty()) {
    const bool bare = info.boolean || info.placeholder == "int" || info.placeholder == "uint";
    line.right += bare ? " (default " + info.fallback + ")" : " (default \"" + info.fallback + "\")";
  }
  return line;
}

std::string program_help() {
  Flags flags;
  engine::Options options;
  std::string log_level = "warn";
  declare_global_flags(flags, options, log_level);
  declare_program_flags(flags, options);
  std::vector<FlagInfo> shown = flags.infos();
  for (FlagInfo& info : shown) info.hidden = info.names == "--inside-userns";
  shown.push_back({"--help", "", "Help for creel", true, false, {}, {}});
  shown.push_back({"-v,--version", "", "Version of creel", true, false, {}, {}});
  shown.push_back({"--timing", "", "Say at the end how long what took", true, false, {}, {}});
  return "Run containers, without a daemon and without root\n\nUsage:\n  creel [options] [command]\n\nAvailable "
         "Commands:\n" +
         command_list(listed_commands("")) + "\nOptions:\n" + flag_list(shown);
}

std::string group_help(std::string_view group) {
  const std::string summary = group_summary(group);
  return summary + "\n\nUsage:\n  creel " + std::string(group) + " [command]\n\nAvailable Commands:\n" +
         command_list(listed_commands(group));
}

std::string command_help(const Command& command) {
  std::string text = std::string(command.summary) + "\n\nDescription:\n" +
                     indent(command.description != nullptr ? command.description : command.summary) +
                     "\nUsage:\n  creel " + command.path + (*command.usage == '\0' ? "" : " ") + command.usage + "\n";
  if (command.examples != nullptr) text += "\nExamples:\n" + indent(command.examples);
  Flags flags;
  const std::unique_ptr<Handler> handler = command.make();
  handler->declare(flags);
  const std::string list = flag_list(flags.infos());
  if (!list.empty()) text += "\nOptions:\n" + list;
  return text;
}

}  // namespace creel::cmd
