#include "cmd/container/init.h"

#include "cmd/container/act_on_each.h"
#include "cmd/exit_code.h"
#include "engine/container/container.h"

namespace creel::cmd {

void InitCommand::declare(Flags& flags) {
  selection_.declare_all(flags, "-a,--all", "Initialize all containers that do not run");
  selection_.declare_latest(flags);
  selection_.declare_names(flags);
}

Result<int> InitCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(std::vector<Target> targets, selection_.resolve(engine));
  if (selection_.all()) std::erase_if(targets, [](const Target& target) { return !target.ended; });
  const auto initialize = [](engine::Engine& own, const Target& target) -> Result<std::string> {
    TRY(engine::initialize(own, target.name));
    return target.name;
  };
  return act_on_each(engine, targets, initialize, exit_code);
}

}  // namespace creel::cmd
