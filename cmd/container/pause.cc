#include "cmd/container/pause.h"

#include "cmd/container/act_on_each.h"
#include "cmd/exit_code.h"
#include "engine/container/container.h"

namespace creel::cmd {

void PauseCommand::declare(Flags& flags) {
  selection_.declare_all(flags, "-a,--all", pauses_ ? "Pause all running containers" : "Let all paused containers go on");
  selection_.declare_cidfile(flags);
  selection_.declare_filter(flags, "-f,--filter");
  selection_.declare_latest(flags);
  selection_.declare_names(flags);
}

Result<int> PauseCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(std::vector<Target> targets, selection_.resolve(engine, true));
  // Of all, those that can be.
  if (selection_.all()) {
    std::erase_if(targets, [&](const Target& target) { return pauses_ ? target.paused || target.ended : !target.paused; });
  }
  const auto act = [&](engine::Engine& own, const Target& target) -> Result<std::string> {
    TRY(pauses_ ? engine::pause(own, target.name) : engine::unpause(own, target.name));
    return target.name;
  };
  return act_on_each(engine, targets, act, exit_code);
}

}  // namespace creel::cmd
