// What Podman and Docker users know: every command with its aliases and flags. What is in here and not in the command
// table (or not declared by a command) is refused by name instead of as a typing mistake.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace creel::cmd {

// "build", "image build", "network create"; also a group by itself ("network").
bool known_command(std::string_view path);
// `flag` with its dashes; a flag of the command (under any of its names), or a global one. An empty path: global only.
bool known_flag(std::string_view command_path, std::string_view flag);
// Why it is refused for good; empty: it is not. Without `flag`: the command itself.
std::string_view refusal_reason(std::string_view command_path, std::string_view flag = {});
// "--gpus is not supported: …", "creel pod create is not built yet".
Error refusal(std::string_view what, std::string_view reason);
// Every known command by its first name, with all its names and its flags, as the surface lists them.
void each_known_command(const std::function<void(const std::vector<std::string>& paths, const std::vector<std::string>& flags)>& visit);

}  // namespace creel::cmd
