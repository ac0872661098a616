#include "cmd/container/restart.h"

#include <optional>

#include "cmd/container/act_on_each.h"
#include "cmd/container/seconds.h"
#include "cmd/exit_code.h"
#include "engine/container/container.h"

namespace creel::cmd {

void RestartCommand::declare(Flags& flags) {
  selection_.declare_all(flags, "-a,--all", "Restart all containers, also those that do not run");
  selection_.declare_cidfile(flags);
  selection_.declare_filter(flags, "-f,--filter");
  selection_.declare_latest(flags);
  flags.flag("--running", running_, "Restart only those that run; all of them, where no name is given");
  flags.value("-s,--signal", signal_, "signal", "Signal to end with, instead of the container's own");
  flags.integer("-t,--time,--timeout", time_, "seconds", "Time to end after the stop signal, before SIGKILL");
  selection_.declare_names(flags);
}

Result<int> RestartCommand::run(Context& context) {
  std::optional<unsigned> timeout;
  if (time_ != INT64_MIN) {
    TRY_SET(timeout, parse_seconds(time_, "-t, --time"));
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  if (running_) selection_.all_unless_named();
  TRY_SET(const std::vector<Target> targets, selection_.resolve(engine, running_));
  const auto restart = [&](engine::Engine& own, const Target& target) -> Result<std::string> {
    if (running_) {
      TRY_SET(const engine::Container found, engine::find(own, target.name));
      if (found.observed.status != engine::monitor::Status::kRunning) return std::string();
    }
    TRY(engine::restart(own, target.name, timeout, signal_));
    return target.name;
  };
  return act_side_by_side(context, std::move(engine), targets, restart, exit_code);
}

}  // namespace creel::cmd
