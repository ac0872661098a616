#include "cmd/secret/exists.h"

#include "engine/secret/secret.h"

namespace creel::cmd {

void SecretExistsCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> SecretExistsCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  auto found = engine::find_secret(engine, arguments_[0]);
  if (found) return 0;
  if (found.error().code == Code::kNotFound) return 1;
  return std::move(found).error();
}

}  // namespace creel::cmd
