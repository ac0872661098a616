#include "cmd/generate/systemd.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/container.h"
#include "engine/container/state.h"

namespace creel::cmd {
namespace {

constexpr std::array kRestartPolicies = {"no",          "on-success", "on-failure", "on-abnormal",
                                         "on-watchdog", "on-abort",   "always"};

Result<std::optional<std::int64_t>> seconds(const char* flag, std::int64_t value, std::int64_t not_given) {
  if (value == not_given) return std::optional<std::int64_t>();
  if (value < 0)
    return fail(Code::kInvalid, std::string(flag) + " " + std::to_string(value) + ": must not be negative");
  return std::optional(value);
}

// systemd.unit(5): what a unit's name may have; and it becomes a file's.
Result<void> check_unit_name(const std::string& name) {
  const bool good = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view(":-_.\\").find(c) != std::string_view::npos;
  });
  constexpr std::size_t kLongest = 240;
  if (good && !name.empty() && name.size() <= kLongest) return {};
  return fail(Code::kInvalid,
              "\"" + name + "\" cannot be the name of a systemd unit: letters, digits and :-_. are expected");
}

// As given, or with the value that this process has.
std::vector<std::string> with_values(const std::vector<std::string>& variables) {
  std::vector<std::string> out;
  for (const std::string& variable : variables) {
    if (variable.find('=') != std::string::npos) {
      out.push_back(variable);
    } else if (const char* value = std::getenv(variable.c_str())) {
      out.push_back(variable + "=" + value);
    }
  }
  return out;
}

// The container's own policy, as systemd has it; its count becomes the limit of starts.
void take_restart(Unit& unit, const std::string& policy) {
  const Cut parts = cut(policy, ':');
  if (parts.before.empty()) return;
  unit.restart = parts.before == "unless-stopped" ? "always" : parts.before;
  if (auto count = parse_int(parts.after, "restart count"); parts.found && count.ok()) unit.start_limit_burst = *count;
}

Result<void> check_line(const std::string& what, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (value.find('\n') != std::string::npos) return fail(Code::kInvalid, what + ": a line break cannot be in it");
  }
  return {};
}

}  // namespace

void GenerateSystemdCommand::declare(Flags& flags) {
  flags.flag("--new", new_, "Make a new container at each start of the unit, and remove it at each end");
  flags.flag("-n,--name", name_, "Call the unit by the container's name instead of its ID");
  flags.flag("-f,--files", files_, "Write the unit to a file in the current directory, and print where");
  flags.value("--format", format_, "string", "Print the unit as JSON: json");
  flags.flag("--no-header", no_header_, "Leave out who made the unit");
  flags.flag("--template", template_, "Make a template of units, for systemctl start NAME@INSTANCE; implies --new");
  flags.value("--container-prefix", prefix_, "string", "What the unit's name begins with");
  flags.value("--separator", separator_, "string", "What stands between the prefix and the name");
  flags.value("--restart-policy", restart_, "string", "When systemd starts it again")
      .choices({kRestartPolicies.begin(), kRestartPolicies.end()});
  flags.integer("--restart-sec", restart_sec_, "seconds", "How long systemd waits before it does");
  flags.integer("--start-timeout", start_timeout_, "seconds", "How long a start may take");
  flags.integer("--stop-timeout,--time,--timeout", stop_timeout_, "seconds", "How long the container may take to stop");
  flags.list("--wants", wants_, "unit", "A unit that is started with it");
  flags.list("--after", after_, "unit", "A unit that it is started after");
  flags.list("--requires", requires_, "unit", "A unit without which it is not started");
  flags.list("-e,--env", env_, "key[=value]", "Set an environment variable in the unit; without a value, the one here");
  flags.arguments(arguments_);
}

Result<Unit> GenerateSystemdCommand::unit(engine::Engine& engine) {
  TRY_SET(const storage::ContainerRecord record, engine::find_record(engine, arguments_[0]));
  TRY_SET(const engine::ContainerConfig config, engine::config_of(record));
  Unit out;
  TRY_SET(out.line, read_run_line(config.create_command));
  out.program = engine.self_argv(false).front();
  out.create_anew = new_ || template_;
  out.instances = template_;
  out.header = !no_header_;
  const std::string name = name_ ? config.name : config.id;
  out.name = prefix_.empty() ? name : prefix_ + separator_ + name;
  TRY(check_unit_name(out.name));
  out.container = name;
  out.store = engine.paths().store;
  out.pid_file = !config.monitor_pidfile.empty() ? config.monitor_pidfile : engine.paths().running(config.id) + "/monitor.pid";
  take_restart(out, out.line.value("--restart"));
  if (!restart_.empty()) {
    if (std::find(kRestartPolicies.begin(), kRestartPolicies.end(), restart_) == kRestartPolicies.end()) {
      return fail(Code::kInvalid, restart_ + " is not a valid restart policy");
    }
    out.restart = restart_;
    out.start_limit_burst.reset();
  }
  TRY_SET(out.restart_sec, seconds("--restart-sec", restart_sec_, kNotGiven));
  TRY_SET(out.start_timeout, seconds("--start-timeout", start_timeout_, kNotGiven));
  TRY_SET(const auto stop_timeout, seconds("--stop-timeout", stop_timeout_, kNotGiven));
  out.stop_timeout = stop_timeout.value_or(config.stop_timeout);
  TRY(check_line("--wants", wants_));
  TRY(check_line("--after", after_));
  TRY(check_line("--requires", requires_));
  out.wants = wants_;
  out.after = after_;
  out.requires_ = requires_;
  if (out.create_anew) {
    // What the run line takes from the environment: systemd's is another.
    std::vector<std::string> inherited;
    for (const TypedFlag& flag : out.line.flags) {
      if (flag.name == "--env" && flag.value.find('=') == std::string::npos) inherited.push_back(flag.value);
    }
    out.environment = with_values(inherited);
  }
  for (std::string& variable : with_values(env_)) out.environment.push_back(std::move(variable));
  return out;
}

Result<int> GenerateSystemdCommand::run(Context& context) {
  if (!format_.empty() && format_ != "json") return fail(Code::kInvalid, "unknown --format argument: " + format_);
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const Unit made, unit(engine));
  if (template_ && !new_) engine.warn("--template implies --new");
  const std::string text = unit_text(made);
  if (files_) {
    const std::string path = (std::filesystem::current_path() / made.file_name()).string();
    TRY(write_atomic(path, text, 0644));
    std::printf("%s\n", format_.empty() ? path.c_str() : nlohmann::json{{made.name, path}}.dump(1).c_str());
  } else if (format_.empty()) {
    std::fputs(text.c_str(), stdout);
  } else {
    std::printf("%s\n", nlohmann::json{{made.name, text}}.dump(1).c_str());
  }
  return 0;
}

}  // namespace creel::cmd
