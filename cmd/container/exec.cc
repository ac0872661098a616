#include "cmd/container/exec.h"

#include <chrono>
#include <thread>

#include "cmd/container/selection.h"
#include "engine/container/container.h"

namespace creel::cmd {
namespace {

// `seconds` 0: not at all; that it does not run is exec's error to tell.
Result<void> wait_until_running(engine::Engine& engine, const std::string& name, std::int64_t seconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  while (Clock::now() < end) {
    auto found = engine::find(engine, name);
    if (found && found->observed.status == engine::monitor::Status::kRunning) return {};
    if (!found && found.error().code != Code::kNotFound) return std::move(found).error();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return {};
}

}  // namespace

void ExecCommand::declare(Flags& flags) {
  engine::ExecOptions& o = options_;
  flags.value("--cidfile", cidfile_, "file", "Read the container's ID from this file; all arguments are the command");
  flags.flag("-d,--detach", o.detach, "Let the process run in the background");
  flags.list("-e,--env", o.env, "key[=value]", "Set an environment variable; without a value, inherit it");
  flags.list("--env-file", o.env_file, "file", "Read environment variables from a file");
  flags.flag("-i,--interactive", o.interactive, "Forward standard input");
  flags.flag("-l,--latest", latest_, "The container that was created last; all arguments are the command");
  flags.flag("--no-session", ignored_, "Keep no record of the process, which is never done");
  preserve_.declare(flags);
  flags.flag("--privileged", o.privileged, "Give the process all capabilities that the container's namespace has");
  flags.flag("-t,--tty", o.tty, "Give the process a terminal");
  flags.value("-u,--user", o.user, "user[:group]", "User, and group, that runs the command");
  flags.value("-w,--workdir", o.workdir, "dir", "Working directory inside the container");
  flags.integer("--wait", wait_, "seconds", "How long to wait for the container to run");
  attach_.declare_keys(flags);
  flags.arguments(arguments_, true);
}

// Takes it from the arguments, unless a flag names it.
Result<std::string> ExecCommand::container(engine::Engine& engine) {
  if (latest_ && !cidfile_.empty()) return fail(Code::kInvalid, "--latest and --cidfile cannot be used together");
  if (latest_) return latest_container(engine);
  if (!cidfile_.empty()) return read_cidfile(cidfile_);
  std::string name = arguments_.front();
  arguments_.erase(arguments_.begin());
  return name;
}

Result<int> ExecCommand::run(Context& context) {
  TRY_SET(options_.preserve_fds, preserve_.descriptors(0));
  TRY_SET(const engine::StartRequest request, attach_.request(!options_.detach, options_.interactive));
  options_.detach_keys = request.detach_keys;
  if (wait_ < 0) return fail(Code::kInvalid, "--wait " + std::to_string(wait_) + ": a number of seconds is expected");
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::string name, container(engine));
  options_.command = arguments_;
  if (options_.command.empty()) return fail(Code::kInvalid, "must provide a non-empty command to start an exec session: invalid argument");
  TRY(wait_until_running(engine, name, wait_));
  if (!options_.detach) warn_without_terminal(engine, options_.tty, options_.interactive);
  TRY_SET(const engine::StartOutcome outcome, engine::exec(engine, name, options_));
  return outcome.detached ? 0 : outcome.exit_code;
}

}  // namespace creel::cmd
