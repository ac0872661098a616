#include "cmd/container/exists.h"

#include "engine/container/container.h"

namespace creel::cmd {

void ExistsCommand::declare(Flags& flags) {
  flags.flag("--external", ignored_, "Look for containers of other programs, too, which there are none of");
  flags.arguments(arguments_);
}

Result<int> ExistsCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  auto found = engine::find(engine, arguments_[0]);
  if (found) return 0;
  if (found.error().code == Code::kNotFound) return 1;
  return std::move(found).error();
}

}  // namespace creel::cmd
