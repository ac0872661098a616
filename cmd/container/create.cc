#include "cmd/container/create.h"

#include <cstdio>

#include "engine/container/container.h"

namespace creel::cmd {

void CreateCommand::declare(Flags& flags) {
  create_.declare(flags);
}

Result<int> CreateCommand::run(Context& context) {
  TRY_SET(const engine::CreateOptions options, create_.options());
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::string id, engine::create(engine, options, context.argv));
  std::printf("%s\n", id.c_str());
  return 0;
}

}  // namespace creel::cmd
