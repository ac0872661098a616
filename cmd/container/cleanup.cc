#include "cmd/container/cleanup.h"

#include "engine/container/container.h"

namespace creel::cmd {

void CleanupCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> CleanupCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(engine::cleanup(engine, arguments_[0]));
  return 0;
}

}  // namespace creel::cmd
