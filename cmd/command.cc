#include "cmd/command.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "base/process.h"
#include "base/text.h"
#include "base/timing.h"
#include "cmd/exit_code.h"
#include "cmd/help.h"
#include "cmd/image_plane.h"
#include "cmd/output/output.h"
#include "cmd/unbuilt.h"

namespace creel::cmd {
namespace {

constexpr std::array kLogLevels = {"trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"};

// A descriptor that the caller closed must not become a database's.
void open_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) != fd) _exit(kExitEngine);
  }
}

// Of a command that has failed too, and once.
void print_times(const char* end) {
  if (!timing::enabled) return;
  timing::mark(end);
  std::fputs(timing::report().c_str(), stderr);
  timing::enabled = false;
}

int report(const Error& error) {
  print_error(error);
  print_times("failed");
  return exit_code(error);
}

// What was printed is only success once it is written.
int finish(int code) {
  auto flushed = flush_stdout();
  if (flushed) print_times("done");
  return !flushed && code == 0 ? report(flushed.error()) : code;
}

Result<void> check_log_level(const std::string& level) {
  for (const char* known : kLogLevels) {
    if (level == known) return {};
  }
  std::string all;
  for (const char* known : kLogLevels) all += (all.empty() ? "" : ", ") + std::string(known);
  return fail(Code::kInvalid, "log level \"" + level + "\" is not supported, choose from: " + all);
}

Error unknown_command(const std::string& group, const std::string& word) {
  const std::string path = group.empty() ? word : group + " " + word;
  if (known_command(path)) return refusal("creel " + path, refusal_reason(path));
  std::vector<std::string> names;
  for (const Listed& listed : listed_commands(group)) names.push_back(listed.name);
  // Closest first, then those that the word begins.
  std::vector<std::string> near;
  const auto take = [&](const std::string& name) {
    near.push_back(name);
    std::erase(names, name);
  };
  for (std::string best = closest(word, names); !best.empty() && near.size() < 3; best = closest(word, names))
    take(best);
  for (const std::string& name : std::vector<std::string>(names)) {
    if (name.starts_with(word)) take(name);
  }
  std::string hint;
  if (!near.empty()) {
    hint = "\nDid you mean this?\n";
    for (const std::string& name : near) hint += "\t" + name + "\n";
    hint += "\n";
  }
  hint += "Try 'creel" + (group.empty() ? "" : " " + group) + " --help' for more information";
  return fail(Code::kInvalid, "unrecognized command `creel " + path + "`").with_hint(hint);
}

Result<void> check_count(const Command& command, std::size_t count) {
  const auto min = static_cast<std::size_t>(command.min_args);
  const std::string received = std::to_string(count);
  if (command.max_args == 0 && count > 0) {
    return fail(Code::kInvalid, "`creel " + std::string(command.path) + "` takes no arguments");
  }
  if (command.max_args >= 0) {
    const auto max = static_cast<std::size_t>(command.max_args);
    if (min == max && count != min) {
      return fail(Code::kInvalid, "accepts " + std::to_string(min) + " arg(s), received " + received);
    }
    if (count > max) {
      return fail(Code::kInvalid, "accepts at most " + std::to_string(max) + " arg(s), received " + received);
    }
  }
  if (count < min) {
    return fail(Code::kInvalid, "requires at least " + std::to_string(min) + " arg(s), only received " + received);
  }
  return {};
}

int run_row(const Command& command, Context& context, std::string& log_level, const std::vector<std::string>& args) {
  if (command.plane == Plane::kImages && image_plane_factory("pull") == nullptr)
    return report(exec_image_plane(context.argv));
  const std::unique_ptr<Handler> handler = command.make();
  Flags flags;
  handler->declare(flags);
  declare_global_flags(flags, context.global, log_level);
  if (auto parsed = flags.parse(args, command.path); !parsed) return report(parsed.error());
  if (flags.help_requested()) {
    std::fputs(command_help(command).c_str(), stdout);
    return finish(0);
  }
  if (auto checked = check_log_level(log_level); !checked) return report(checked.error());
  if (auto checked = check_count(command, flags.argument_count()); !checked) {
    if (command.max_args == 0) return report(checked.error());
    return report(std::move(checked).error().with_hint("See 'creel " + std::string(command.path) + " --help'"));
  }
  auto code = handler->run(context);
  if (!code) {
    std::fflush(stdout);
    return report(code.error());
  }
  return finish(*code);
}

int show_help(const std::vector<std::string>& words, const Context& context) {
  std::string text;
  if (words.empty()) {
    text = program_help();
  } else {
    const std::string path = join(words, " ");
    const Command* command = find_command(path);
    if (command != nullptr && command->make == nullptr) return report(exec_image_plane(context.argv));
    if (command != nullptr) {
      text = command_help(*command);
    } else if (is_group(path)) {
      text = group_help(path);
    } else {
      return report(unknown_command("", path));
    }
  }
  std::fputs(text.c_str(), stdout);
  return finish(0);
}

}  // namespace

const Command* find_command(std::string_view path) {
  for (const Command& command : table()) {
    if (path == command.path) return &command;
  }
  return nullptr;
}

void declare_global_flags(Flags& flags, engine::Options& options, std::string& log_level) {
  flags.value("--root", options.root, "string", "Directory of images, containers and volumes").hidden();
  flags.value("--runroot", options.runroot, "string", "Directory of what does not outlive a reboot").hidden();
  flags.value("--log-level", log_level, "string", "Log messages of this level and above").hidden();
  flags.choices({kLogLevels.begin(), kLogLevels.end()});
  flags.value("--cgroup-manager", options.cgroup_manager, "manager", "Who makes control groups: systemd or cgroupfs")
      .choices({"systemd", "cgroupfs"})
      .hidden();
  flags.flag("--inside-userns", options.inside_userns, "").hidden();
}

void declare_program_flags(Flags& flags, engine::Options& options) {
  flags.list("--storage-opt", options.storage_opts, "string", "Option of the storage driver").hidden();
  flags.value("--runtime", options.runtime, "name|path", "OCI runtime that runs new containers, instead of Creel's own")
      .hidden();
  flags.list("--runtime-flag", options.runtime_flags, "flag", "Global flag of that other runtime, without its dashes")
      .hidden();
}

Error exec_image_plane(const std::vector<std::string>& argv) {
  auto program = libexec_program("creel-images");
  if (!program) return std::move(program).error().within("this command needs creel-images");
  std::vector<char*> raw;
  for (const std::string& arg : argv) raw.push_back(const_cast<char*>(arg.c_str()));
  raw.push_back(nullptr);
  execv(program->c_str(), raw.data());
  return errno_error("executing " + *program);
}

void print_error(const Error& error) {
  std::fflush(stdout);
  std::string text = "Error: " + error.text + "\n";
  if (!error.hint.empty()) text += error.hint + "\n";
  std::fputs(text.c_str(), stderr);
}

int run_command_line(int argc, char** argv) {
  open_standard_descriptors();
  Context context;
  context.argv.assign(argv, argv + argc);
  std::string log_level = "warn";
  bool version = false;
  bool timing = false;
  std::vector<std::string> words;
  Flags globals;
  declare_global_flags(globals, context.global, log_level);
  declare_program_flags(globals, context.global);
  globals.flag("-v,--version", version, "");
  globals.flag("--timing", timing, "").hidden().arguments(words, true);
  const std::vector<std::string> all(context.argv.begin() + (argc > 0 ? 1 : 0), context.argv.end());
  if (auto parsed = globals.parse(all, ""); !parsed) return report(parsed.error());
  if (auto checked = check_log_level(log_level); !checked) return report(checked.error());
  if (timing) timing::enable();
  timing::mark("command line read");
  if (version) {
    std::fputs("creel version " CREEL_VERSION "\n", stdout);
    return finish(0);
  }
  if (globals.help_requested()) return show_help(words.empty() ? words : std::vector{words[0]}, context);
  if (words.empty()) return show_help({}, context);
  if (words[0] == "help") return show_help({words.begin() + 1, words.end()}, context);

  std::size_t used = 1;
  if (is_group(words[0])) {
    if (words.size() == 1) {
      return report(fail(Code::kInvalid, "missing command 'creel " + words[0] + " COMMAND'")
                        .with_hint("Try 'creel " + words[0] + " --help' for more information"));
    }
    if (words[1] == "--help" || words[1] == "-h" || words[1] == "help") return show_help({words[0]}, context);
    if (words[1].starts_with('-')) {
      return report(fail(Code::kInvalid, "unknown flag: " + words[1]).with_hint("See 'creel " + words[0] + " --help'"));
    }
    used = 2;
  }
  context.path = used == 2 ? words[0] + " " + words[1] : words[0];
  const Command* command = find_command(context.path);
  if (command == nullptr) {
    // A group that is not built at all is refused with its command: "creel network create is not built yet".
    if (used == 1 && words.size() > 1 && known_command(words[0] + " " + words[1])) {
      return report(unknown_command("", words[0] + " " + words[1]));
    }
    return report(unknown_command(used == 2 ? words[0] : "", used == 2 ? words[1] : words[0]));
  }
  return run_row(*command, context, log_level, {words.begin() + static_cast<std::ptrdiff_t>(used), words.end()});
}

}  // namespace creel::cmd
