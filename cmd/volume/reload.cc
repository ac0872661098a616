#include "cmd/volume/reload.h"

namespace creel::cmd {

void VolumeReloadCommand::declare(Flags& /*flags*/) {}

Result<int> VolumeReloadCommand::run(Context& context) {
  TRY(engine::Engine::open(context.global));
  return 0;
}

}  // namespace creel::cmd
