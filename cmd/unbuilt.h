// What Podman and Docker users know: every command with its aliases and flags. What is in here and not in the command
// table (or not declared by a command) is refused by name instead of as a typing mistake.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace creel::cmd {

// "build", "image build", "network create"; also a group by itself ("network").
bool known_command(std::string_view path);
// `flag` with its dashes; a flag of the command (under any of its names), or a global one. An empty path: global only.
bool known_flag(std::string_view command_path, std::string_view flag);

}  // namespace creel::cmd
