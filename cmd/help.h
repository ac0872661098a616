// Help, in Podman's layout, from the command table and the flags a command declares. Read-only, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cmd/command.h"

namespace creel::cmd {

// Is there a command "group something"?
bool is_group(std::string_view word);
// "Manage containers".
std::string group_summary(std::string_view group);
// Names of the visible commands directly beneath `group` ("" for the top: single words and groups), sorted.
struct Listed {
  std::string name;
  std::string summary;
};
std::vector<Listed> listed_commands(std::string_view group);

std::string program_help();
std::string group_help(std::string_view group);
std::string command_help(const Command& command);
// The two columns of a flag, as help shows them: "  -a, --all" / "    --filter strings" and its text.
struct FlagLine {
  std::string left;
  std::string right;
};
FlagLine flag_line(const FlagInfo& info);

}  // namespace creel::cmd
