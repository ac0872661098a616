#include "cmd/container/create.h"

#include <cstdio>

#include "engine/container/container.h"

namespace creel::cmd {

void CreateCommand::declare(Flags& flags) {
  create_.declare(flags);
  attach_.declare_streams(flags);
}

Result<int> CreateCommand::run(Context& context) {
  // Whom it is joined to is said when it is started.
  TRY(attach_.request(false, false));
  TRY_SET(const engine::CreateOptions options, create_.options());
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::string id, engine::create(engine, options, context.argv));
  std::printf("%s\n", id.c_str());
  return 0;
}

}  // namespace creel::cmd
