#include "cmd/volume/exists.h"

#include "engine/volume/volume.h"

namespace creel::cmd {

void VolumeExistsCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> VolumeExistsCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const auto found, store->volume(arguments_[0]));
  return found ? 0 : 1;
}

}  // namespace creel::cmd
