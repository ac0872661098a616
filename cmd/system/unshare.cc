#include "cmd/system/unshare.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "rootless/unshared.h"

namespace creel::cmd {

void UnshareCommand::declare(Flags& flags) {
  flags.arguments(arguments_, true);
}

Result<int> UnshareCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  if (engine.identity() == rootless::Identity::kRoot) return fail(Code::kInvalid, "please use unshare with rootless");
  std::vector<std::string> command = arguments_;
  if (command.empty()) {
    const char* shell = std::getenv("SHELL");
    if (shell == nullptr || *shell == '\0') return fail(Code::kInvalid, "no command specified and no $SHELL specified");
    command = {shell};
  }
  TRY(rootless::begin_unshared(engine.identity(), {engine.paths().store, engine.paths().runtime}));
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  if (errno == ENOENT) {
    return fail(Code::kCommandAbsent, "exec: \"" + command[0] + "\": executable file not found in $PATH");
  }
  return fail(Code::kCannotInvoke, "exec: \"" + command[0] + "\": " + std::strerror(errno));
}

}  // namespace creel::cmd
