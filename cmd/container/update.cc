#include "cmd/container/update.h"

#include "cmd/container/act_on_each.h"
#include "cmd/container/health_flags.h"
#include "cmd/container/limit_flags.h"
#include "cmd/exit_code.h"

namespace creel::cmd {

void UpdateCommand::declare(Flags& flags) {
  declare_limit_flags(flags, options_.limits);
  declare_health_flags(flags, options_.health, HealthNames::kNew);
  flags.value("--restart", options_.restart, "policy", "When to start it again: no, on-failure[:N], always or unless-stopped");
  flags.list("-e,--env", options_.env, "name=value", "Variables that later processes have");
  flags.list("--unsetenv", options_.unset_env, "name", "Variables that later processes do not have");
  flags.list("--ulimit", options_.ulimit, "name=soft[:hard]", "Limits of later processes");
  selection_.declare_latest(flags);
  selection_.declare_names(flags);
}

Result<int> UpdateCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::vector<Target> targets, selection_.resolve(engine));
  const auto update = [&](engine::Engine& own, const Target& target) {
    return engine::update(own, target.name, options_);
  };
  return act_on_each(engine, targets, update, exit_code);
}

}  // namespace creel::cmd
