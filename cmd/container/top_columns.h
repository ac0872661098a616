// What `top` can show of a process: Podman's names for it, and those of ps(1) for AIX ("%p").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/container/processes.h"

namespace creel::cmd {

struct TopColumn {
  const char* name;
  const char* code;  // "%p"; null: none
  const char* header;
  std::string (*text)(const engine::ProcessInfo&);
};

// All of them, by name.
const std::vector<TopColumn>& top_columns();
// Those that `words` ask for, each a name, a code, or several with commas between; the default ones where there are no words.
// Nothing: one is neither.
std::optional<std::vector<const TopColumn*>> chosen_columns(const std::vector<std::string>& words);

}  // namespace creel::cmd
