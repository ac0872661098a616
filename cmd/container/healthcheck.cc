#include "cmd/container/healthcheck.h"

#include <cstdio>

#include "engine/health/health.h"

namespace creel::cmd {

void HealthcheckRunCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> HealthcheckRunCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const bool healthy, engine::run_healthcheck(engine, arguments_[0]));
  if (!healthy) std::printf("unhealthy\n");
  return healthy ? 0 : 1;
}

}  // namespace creel::cmd
