#include "cmd/images/volume_import.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/copy/copy.h"

namespace creel::cmd {

void VolumeImportCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> VolumeImportCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  if (arguments_.size() < 2 || arguments_[1] == "-") {
    TRY(engine::copy::import_volume(engine, arguments_[0], STDIN_FILENO));
    return 0;
  }
  TRY_SET(const Fd file, open_file(arguments_[1], O_RDONLY));
  TRY(engine::copy::import_volume(engine, arguments_[0], file.get()));
  return 0;
}

}  // namespace creel::cmd
