#include "cmd/system/complete.h"

#include <cstdio>

#include "engine/container/container.h"
#include "engine/image/image.h"
#include "engine/secret/secret.h"
#include "engine/volume/volume.h"

namespace creel::cmd {
namespace {

Result<void> print_names(const Context& context, const std::string& kind) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  if (kind == "images" || kind == "any") {
    TRY_SET(const auto images, engine::list_images(engine, {true, {}, {}, true}));
    for (const storage::ImageRecord& image : images) {
      for (const std::string& name : image.names) std::printf("%s\n", name.c_str());
    }
  }
  if (kind == "volumes") {
    TRY_SET(const auto volumes, engine::list_volumes(engine, {}));
    for (const storage::VolumeRecord& volume : volumes) std::printf("%s\n", volume.name.c_str());
  }
  if (kind == "secrets") {
    TRY_SET(const auto secrets, engine::list_secrets(engine, {}));
    for (const engine::Secret& secret : secrets) std::printf("%s\n", secret.name.c_str());
  }
  if (kind == "containers" || kind == "running" || kind == "any") {
    engine::ListOptions options;
    options.all = kind != "running";
    TRY_SET(const auto containers, engine::list(engine, options));
    for (const engine::Container& container : containers) std::printf("%s\n", container.record.name.c_str());
  }
  return {};
}

}  // namespace

void CompleteCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> CompleteCommand::run(Context& context) {
  (void)print_names(context, arguments_[0]).ok();
  return 0;
}

}  // namespace creel::cmd
