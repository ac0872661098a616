#include "cmd/volume/mount.h"

#include <algorithm>
#include <cstdio>

#include "cmd/exit_code.h"
#include "engine/json.h"
#include "engine/volume/volume.h"

namespace creel::cmd {
namespace {

// What is printed: where it is, or its name.
Result<std::string> shown(engine::Engine& engine, const std::string& name, bool unmount) {
  TRY_SET(const storage::VolumeRecord volume, engine::find_volume(engine, name));
  if (engine::is_mounted(engine::text_map_from_column(volume.options))) {
    return fail(Code::kUnsupported, "volume " + volume.name + " is mounted in its containers alone")
        .with_hint("Reach it from a container: creel run --rm -v " + volume.name + ":/mnt IMAGE ls /mnt.");
  }
  return unmount ? volume.name : engine.paths().volume_data(volume.name);
}

}  // namespace

void VolumeMountCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> VolumeMountCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  int code = 0;
  for (const std::string& name : arguments_) {
    auto text = shown(engine, name, unmount_);
    if (text.ok()) {
      std::printf("%s\n", text->c_str());
    } else {
      print_error(text.error());
      code = std::max(code, exit_code(text.error()));
    }
  }
  return code;
}

}  // namespace creel::cmd
