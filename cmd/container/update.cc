#include "cmd/container/update.h"

#include "cmd/container/act_on_each.h"
#include "cmd/container/limit_flags.h"
#include "cmd/exit_code.h"
#include "engine/container/container.h"

namespace creel::cmd {

void UpdateCommand::declare(Flags& flags) {
  declare_limit_flags(flags, limits_);
  selection_.declare_latest(flags);
  selection_.declare_names(flags);
}

Result<int> UpdateCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::vector<Target> targets, selection_.resolve(engine));
  const auto update = [&](engine::Engine& own, const Target& target) {
    return engine::update(own, target.name, limits_);
  };
  return act_on_each(engine, targets, update, exit_code);
}

}  // namespace creel::cmd
