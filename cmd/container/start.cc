#include "cmd/container/start.h"

#include "cmd/container/act_on_each.h"
#include "cmd/exit_code.h"

namespace creel::cmd {

void StartCommand::declare(Flags& flags) {
  selection_.declare_all(flags, "--all", "Start all containers");
  flags.flag("-a,--attach", attach_, "Join the container's output; the exit code is the container's");
  keys_.declare_keys(flags);
  selection_.declare_filter(flags, "-f,--filter");
  flags.flag("-i,--interactive", interactive_, "Forward standard input");
  selection_.declare_latest(flags);
  keys_.declare_sig_proxy(flags);
  selection_.declare_names(flags);
}

Result<int> StartCommand::run(Context& context) {
  const bool attach = attach_ || interactive_;
  TRY_SET(const engine::StartRequest request, keys_.request(attach, interactive_));
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::vector<Target> targets, selection_.resolve(engine));
  if (attach) {
    if (targets.empty()) return 0;
    if (targets.size() > 1) return fail(Code::kInvalid, "you cannot start and attach multiple containers at once");
    TRY_SET(const engine::StartOutcome outcome, engine::start(engine, targets[0].name, request));
    return outcome.detached ? 0 : outcome.exit_code;
  }
  const auto start = [&](engine::Engine& own, const Target& target) -> Result<std::string> {
    TRY(engine::start(own, target.name, request));
    return target.name;
  };
  return act_on_each(engine, targets, start, exit_code);
}

}  // namespace creel::cmd
