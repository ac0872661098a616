#include "cmd/container/wait.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "cmd/container/act_on_each.h"
#include "cmd/exit_code.h"
#include "engine/container/container.h"
#include "engine/time_filter.h"

namespace creel::cmd {
namespace {

using engine::monitor::Status;

// Podman's: what a container that has not ended has for an exit code.
constexpr const char* kNoExitCode = "-1";

Result<bool> wants_running(const std::vector<std::string>& conditions) {
  bool running = false;
  bool ended = false;
  for (const std::string& condition : conditions) {
    if (condition == "stopped" || condition == "exited") {
      ended = true;
    } else if (condition == "running") {
      running = true;
    } else if (condition == "configured" || condition == "created" || condition == "initialized" ||
               condition == "paused" || condition == "stopping" || condition == "removing" || condition == "unknown" ||
               condition == "healthy" || condition == "unhealthy") {
      return fail(Code::kUnsupported, "wait --condition " + condition + " is not built yet")
          .with_hint("Built: stopped, exited and running.");
    } else {
      return fail(Code::kInvalid, "unknown container state: " + condition + ": invalid argument");
    }
  }
  if (running && ended) return fail(Code::kUnsupported, "wait for running or stopped is not built yet");
  return running;
}

// Nothing tells that a container starts, so that this looks every `interval_ns`.
Result<std::string> wait_running(engine::Engine& engine, const std::string& name, std::int64_t interval_ns) {
  for (;;) {
    TRY_SET(const engine::Container container, engine::find(engine, name));
    if (container.observed.status == Status::kRunning) return std::string(kNoExitCode);
    std::this_thread::sleep_for(std::chrono::nanoseconds(interval_ns));
  }
}

}  // namespace

void WaitCommand::declare(Flags& flags) {
  flags.list("--condition", conditions_, "state", "State to wait for: stopped (the default), exited or running").csv();
  flags.choices({"stopped", "exited", "running"});
  selection_.declare_ignore(flags, "--ignore");
  flags.value("-i,--interval", interval_, "duration", "How often to look, for --condition running");
  selection_.declare_latest(flags);
  selection_.declare_names(flags);
}

Result<int> WaitCommand::run(Context& context) {
  TRY_SET(const bool running, wants_running(conditions_));
  // Bare numbers are milliseconds.
  const bool bare = !interval_.empty() && interval_.find_first_not_of("0123456789") == std::string::npos;
  TRY_SET(std::int64_t interval, engine::parse_duration(bare ? interval_ + "ms" : interval_));
  interval = std::max<std::int64_t>(interval, 1'000'000);
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::vector<Target> targets, selection_.resolve(engine));
  const bool ignore = selection_.ignore();
  const auto wait = [&](engine::Engine& own, const Target& target) -> Result<std::string> {
    if (running) return wait_running(own, target.name, interval);
    auto code = engine::wait(own, target.name);
    if (code) return std::to_string(*code);
    if (ignore && code.error().code == Code::kNotFound) return std::string(kNoExitCode);
    return std::move(code).error();
  };
  // At once, so that a --rm container which ends while another is waited for has not gone unseen.
  return act_side_by_side(context, std::move(engine), targets, wait, exit_code);
}

}  // namespace creel::cmd
