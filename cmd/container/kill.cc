#include "cmd/container/kill.h"

#include "cmd/container/act_on_each.h"
#include "cmd/exit_code.h"
#include "engine/container/container.h"

namespace creel::cmd {

void KillCommand::declare(Flags& flags) {
  selection_.declare_all(flags, "-a,--all", "Signal all running containers");
  selection_.declare_cidfile(flags);
  selection_.declare_latest(flags);
  flags.value("-s,--signal", signal_, "signal", "Signal to send, a name or a number");
  selection_.declare_names(flags);
}

Result<int> KillCommand::run(Context& context) {
  TRY(engine::parse_signal(signal_));
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::vector<Target> targets, selection_.resolve(engine, true));
  const auto kill = [&](engine::Engine& own, const Target& target) -> Result<std::string> {
    TRY(engine::kill(own, target.name, signal_));
    return target.name;
  };
  return act_on_each(engine, targets, kill, exit_code);
}

}  // namespace creel::cmd
