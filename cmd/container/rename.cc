#include "cmd/container/rename.h"

#include "engine/container/container.h"

namespace creel::cmd {

void RenameCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> RenameCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(engine::rename(engine, arguments_[0], arguments_[1]));
  return 0;
}

}  // namespace creel::cmd
