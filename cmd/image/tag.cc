#include "cmd/image/tag.h"

#include "engine/image/image.h"

namespace creel::cmd {

void TagCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> TagCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  for (std::size_t i = 1; i < arguments_.size(); ++i) TRY(engine::tag_image(engine, arguments_[0], arguments_[i]));
  return 0;
}

}  // namespace creel::cmd
