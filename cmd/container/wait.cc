#include "cmd/container/wait.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
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
constexpr std::array kStates = {"configured", "created", "exited", "healthy", "initialized", "paused",
                                "removing", "running", "stopped", "stopping", "unhealthy", "unknown"};

struct Conditions {
  std::vector<std::string> states;  // empty: the end
  // The end is an event; everything else is looked for.
  [[nodiscard]] bool only_end() const {
    return std::all_of(states.begin(), states.end(), [](const std::string& state) { return state == "stopped" || state == "exited"; });
  }
};

Result<void> check(const std::vector<std::string>& states) {
  for (const std::string& state : states) {
    if (std::find(kStates.begin(), kStates.end(), state) == kStates.end()) {
      return fail(Code::kInvalid, "unknown container state: " + state + ": invalid argument");
    }
  }
  return {};
}

bool meets(const engine::Container& container, const std::string& state) {
  if (state == "healthy" || state == "unhealthy") return to_string(container.observed.health) == state;
  switch (container.observed.status) {
    case Status::kCreated:
      return state == "created" || state == "configured";
    case Status::kInitialized:
      return state == "initialized";
    case Status::kRunning:
      return state == "running";
    case Status::kPaused:
      return state == "paused";
    case Status::kRestarting:
      return false;
    case Status::kExited:
      return state == "exited" || state == "stopped";
  }
  return false;
}

std::string code_of(const engine::Container& container) {
  const bool ended = container.observed.status == Status::kExited && container.observed.exit;
  return ended ? std::to_string(container.observed.exit->code) : kNoExitCode;
}

// What is to be printed, once it is so. One that is gone is past every state: it is an end, and a removal.
Result<std::optional<std::string>> look(engine::Engine& engine, const std::string& name, const std::vector<std::string>& states, bool seen) {
  auto container = engine::find(engine, name);
  if (!container.ok()) {
    if (!seen || container.error().code != Code::kNotFound) return std::move(container).error();
    return std::optional<std::string>(kNoExitCode);
  }
  if (states.empty()) {
    // What never ran does not run.
    const bool over = container->observed.status == Status::kExited || container->observed.status == Status::kCreated;
    if (!over) return std::optional<std::string>();
    return std::optional<std::string>(container->observed.status == Status::kCreated ? "0" : code_of(*container));
  }
  for (const std::string& state : states) {
    if (meets(*container, state)) return std::optional<std::string>(code_of(*container));
  }
  return std::optional<std::string>();
}

// Nothing tells of these states, so that this looks every `interval_ns`.
Result<std::string> wait_state(engine::Engine& engine, const std::string& name, const std::vector<std::string>& states, std::int64_t interval_ns) {
  for (bool seen = false;; seen = true) {
    TRY_SET(const auto text, look(engine, name, states, seen));
    if (text) return *text;
    std::this_thread::sleep_for(std::chrono::nanoseconds(interval_ns));
  }
}

// The first of several.
Result<int> wait_first(engine::Engine& engine, const std::vector<Target>& targets, const std::vector<std::string>& states, bool ignore, std::int64_t interval_ns) {
  for (bool seen = false;; seen = true) {
    for (const Target& target : targets) {
      auto text = look(engine, target.name, states, seen);
      if (!text.ok()) {
        if (!ignore || text.error().code != Code::kNotFound) return std::move(text).error();
        text = std::optional<std::string>(kNoExitCode);
      }
      if (!*text) continue;
      std::printf("%s\n", (*text)->c_str());
      return 0;
    }
    std::this_thread::sleep_for(std::chrono::nanoseconds(interval_ns));
  }
}

}  // namespace

void WaitCommand::declare(Flags& flags) {
  flags.list("--condition", conditions_, "state", "State to wait for: stopped (the default), created, running, paused, …").csv();
  flags.choices({kStates.begin(), kStates.end()});
  flags.flag("--exit-first-match", first_, "End when the first of several containers is in that state");
  selection_.declare_ignore(flags, "--ignore");
  flags.value("-i,--interval", interval_, "duration", "How often to look, for states that are no end");
  selection_.declare_latest(flags);
  selection_.declare_names(flags);
}

Result<int> WaitCommand::run(Context& context) {
  TRY(check(conditions_));
  const Conditions conditions{conditions_};
  // Bare numbers are milliseconds.
  const bool bare = !interval_.empty() && interval_.find_first_not_of("0123456789") == std::string::npos;
  TRY_SET(std::int64_t interval, engine::parse_duration(bare ? interval_ + "ms" : interval_));
  interval = std::max<std::int64_t>(interval, 1'000'000);
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::vector<Target> targets, selection_.resolve(engine));
  const bool ignore = selection_.ignore();
  if (first_ && targets.size() > 1) return wait_first(engine, targets, conditions_, ignore, interval);
  const auto wait = [&](engine::Engine& own, const Target& target) -> Result<std::string> {
    if (!conditions.only_end()) {
      auto text = wait_state(own, target.name, conditions.states, interval);
      if (!text.ok() && ignore && text.error().code == Code::kNotFound) return std::string(kNoExitCode);
      return text;
    }
    auto code = engine::wait(own, target.name);
    if (code) return std::to_string(*code);
    if (ignore && code.error().code == Code::kNotFound) return std::string(kNoExitCode);
    return std::move(code).error();
  };
  // At once, so that a --rm container which ends while another is waited for has not gone unseen.
  return act_side_by_side(context, std::move(engine), targets, wait, exit_code);
}

}  // namespace creel::cmd
