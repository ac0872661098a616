#include "cmd/container/stop.h"

#include <cstdio>
#include <optional>

#include "cmd/container/act_on_each.h"
#include "cmd/container/seconds.h"
#include "cmd/exit_code.h"
#include "engine/container/container.h"

namespace creel::cmd {

void StopCommand::declare(Flags& flags) {
  selection_.declare_all(flags, "-a,--all", "Stop all containers");
  selection_.declare_cidfile(flags);
  selection_.declare_filter(flags, "-f,--filter");
  selection_.declare_ignore(flags, "-i,--ignore");
  selection_.declare_latest(flags);
  flags.value("-s,--signal", signal_, "signal", "Signal to end with, instead of the container's own");
  flags.integer("-t,--time,--timeout", time_, "seconds", "Time to end after the stop signal, before SIGKILL");
  selection_.declare_names(flags);
}

Result<int> StopCommand::run(Context& context) {
  std::optional<unsigned> timeout;
  if (time_ != INT64_MIN) {
    TRY_SET(timeout, parse_seconds(time_, "-t, --time"));
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(std::vector<Target> targets, selection_.resolve(engine));
  // Those of --all that do not run are as they should be.
  std::erase_if(targets, [](const Target& target) {
    if (target.ended) std::printf("%s\n", target.name.c_str());
    return target.ended;
  });
  const bool ignore = selection_.ignore();
  const auto stop = [&](engine::Engine& own, const Target& target) -> Result<std::string> {
    auto stopped = engine::stop(own, target.name, timeout, signal_);
    if (stopped) return target.name;
    if (ignore && stopped.error().code == Code::kNotFound) return std::string();
    return std::move(stopped).error();
  };
  return act_side_by_side(context, std::move(engine), targets, stop, exit_code);
}

}  // namespace creel::cmd
