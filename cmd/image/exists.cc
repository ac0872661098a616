#include "cmd/image/exists.h"

#include "engine/image/image.h"

namespace creel::cmd {

void ImageExistsCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> ImageExistsCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  auto found = engine::find_image(engine, arguments_[0]);
  if (found) return 0;
  if (found.error().code == Code::kNotFound) return 1;
  return std::move(found).error();
}

}  // namespace creel::cmd
