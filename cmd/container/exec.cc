#include "cmd/container/exec.h"

#include "engine/container/container.h"

namespace creel::cmd {

void ExecCommand::declare(Flags& flags) {
  engine::ExecOptions& o = options_;
  flags.flag("-d,--detach", o.detach, "Let the process run in the background");
  flags.list("-e,--env", o.env, "key[=value]", "Set an environment variable; without a value, inherit it");
  flags.list("--env-file", o.env_file, "file", "Read environment variables from a file");
  flags.flag("-i,--interactive", o.interactive, "Forward standard input");
  preserve_.declare(flags);
  flags.flag("--privileged", o.privileged, "Give the process all capabilities that the container's namespace has");
  flags.flag("-t,--tty", o.tty, "Give the process a terminal");
  flags.value("-u,--user", o.user, "user[:group]", "User, and group, that runs the command");
  flags.value("-w,--workdir", o.workdir, "dir", "Working directory inside the container");
  attach_.declare_keys(flags);
  flags.arguments(arguments_, true);
}

Result<int> ExecCommand::run(Context& context) {
  TRY_SET(options_.preserve_fds, preserve_.descriptors(0));
  TRY_SET(const engine::StartRequest request, attach_.request(!options_.detach, options_.interactive));
  options_.detach_keys = request.detach_keys;
  options_.command.assign(arguments_.begin() + 1, arguments_.end());
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  if (!options_.detach) warn_without_terminal(engine, options_.tty, options_.interactive);
  TRY_SET(const engine::StartOutcome outcome, engine::exec(engine, arguments_[0], options_));
  return outcome.detached ? 0 : outcome.exit_code;
}

}  // namespace creel::cmd
