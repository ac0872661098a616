#include "cmd/system/commands.h"

#include <cstdio>

namespace creel::cmd {

Result<int> CommandsCommand::run(Context&) {
  for (const Command& command : table()) {
    if (!command.hidden) std::printf("%s\n", command.path);
  }
  return 0;
}

}  // namespace creel::cmd
