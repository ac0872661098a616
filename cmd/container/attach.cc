#include "cmd/container/attach.h"

namespace creel::cmd {

void AttachCommand::declare(Flags& flags) {
  attach_.declare_keys(flags);
  selection_.declare_latest(flags);
  flags.flag("--no-stdin", no_stdin_, "Do not forward standard input");
  attach_.declare_sig_proxy(flags);
  selection_.declare_names(flags);
}

Result<int> AttachCommand::run(Context& context) {
  TRY_SET(const engine::StartRequest request, attach_.request(true, !no_stdin_));
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::vector<Target> targets, selection_.resolve(engine));
  TRY_SET(const engine::StartOutcome outcome, engine::attach(engine, targets[0].name, request));
  return outcome.detached ? 0 : outcome.exit_code;
}

}  // namespace creel::cmd
