#include "cmd/container/exec.h"

#include <fcntl.h>

#include "engine/container/container.h"

namespace creel::cmd {

static constexpr std::int64_t kMostDescriptors = 1024;

void ExecCommand::declare(Flags& flags) {
  engine::ExecOptions& o = options_;
  flags.flag("-d,--detach", o.detach, "Let the process run in the background");
  flags.list("-e,--env", o.env, "key[=value]", "Set an environment variable; without a value, inherit it");
  flags.list("--env-file", o.env_file, "file", "Read environment variables from a file");
  flags.flag("-i,--interactive", o.interactive, "Forward standard input");
  flags.integer("--preserve-fds", preserve_fds_, "number", "Pass on that many descriptors, from 3 on");
  flags.flag("--privileged", o.privileged, "Give the process all capabilities that the container's namespace has");
  flags.flag("-t,--tty", o.tty, "Give the process a terminal");
  flags.value("-u,--user", o.user, "user[:group]", "User, and group, that runs the command");
  flags.value("-w,--workdir", o.workdir, "dir", "Working directory inside the container");
  attach_.declare_keys(flags);
  flags.arguments(arguments_, true);
}

namespace {

// Asked before this process opens anything itself: what is there now is the caller's.
Result<int> descriptors_of_caller(std::int64_t count) {
  if (count < 0 || count > kMostDescriptors) {
    return fail(Code::kInvalid, "--preserve-fds " + std::to_string(count) + ": must be between 0 and " +
                                    std::to_string(kMostDescriptors));
  }
  for (int fd = 3; fd < 3 + count; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) {
      return fail(Code::kInvalid, "file descriptor \"" + std::to_string(fd) +
                                      "\" is not available - the preserve-fds option requires that file descriptors "
                                      "must be passed");
    }
  }
  return static_cast<int>(count);
}

}  // namespace

Result<int> ExecCommand::run(Context& context) {
  TRY_SET(options_.preserve_fds, descriptors_of_caller(preserve_fds_));
  TRY_SET(const engine::StartRequest request, attach_.request(!options_.detach, options_.interactive));
  options_.detach_keys = request.detach_keys;
  options_.command.assign(arguments_.begin() + 1, arguments_.end());
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  if (!options_.detach) warn_without_terminal(engine, options_.tty, options_.interactive);
  TRY_SET(const engine::StartOutcome outcome, engine::exec(engine, arguments_[0], options_));
  return outcome.detached ? 0 : outcome.exit_code;
}

}  // namespace creel::cmd
