#include "cmd/container/rm.h"

#include <algorithm>

#include "cmd/container/act_on_each.h"
#include "cmd/container/seconds.h"
#include "cmd/exit_code.h"
#include "engine/container/container.h"

namespace creel::cmd {

void RmCommand::declare(Flags& flags) {
  selection_.declare_all(flags, "-a,--all", "Remove all containers");
  selection_.declare_cidfile(flags);
  flags.flag("--depend", depend_, "Remove first what depends on the container: shares a namespace of it, or requires it");
  selection_.declare_filter(flags, "--filter");
  flags.flag("-f,--force", force_, "Stop a running container first; one that does not exist is no error");
  selection_.declare_ignore(flags, "-i,--ignore");
  selection_.declare_latest(flags);
  flags.integer("-t,--time", time_, "seconds", "With --force: time to end before SIGKILL");
  flags.flag("-v,--volumes", volumes_, "Remove the container's anonymous volumes, too");
  selection_.declare_names(flags);
}

Result<int> RmCommand::run(Context& context) {
  engine::RemoveOptions options;
  options.force = force_;
  options.volumes = volumes_;
  // Of all containers none is left to miss another.
  options.depend = depend_ || selection_.all();
  if (time_ != INT64_MIN) {
    if (!force_) return fail(Code::kInvalid, "--force option must be specified to use the --time option");
    TRY_SET(options.timeout, parse_seconds(time_, "-t, --time"));
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::vector<Target> targets, selection_.resolve(engine));
  // Of --all one may have gone with another, as what depends on it.
  const bool ignore = selection_.ignore() || force_ || selection_.all();
  const auto remove = [&](engine::Engine& own, const Target& target) -> Result<std::string> {
    // What was not there is not echoed as removed.
    if (ignore) {
      auto found = engine::find(own, target.name);
      if (!found && found.error().code == Code::kNotFound) return std::string();
    }
    TRY(engine::remove(own, target.name, options));
    return target.name;
  };
  // Only what runs takes time.
  const bool waits = force_ && std::any_of(targets.begin(), targets.end(), [](const Target& t) { return !t.ended; });
  if (!waits) return act_on_each(engine, targets, remove, removal_exit_code);
  return act_side_by_side(context, std::move(engine), targets, remove, removal_exit_code);
}

}  // namespace creel::cmd
