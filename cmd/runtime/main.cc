#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "cmd/runtime/command.h"
#include "cmd/runtime/log.h"

namespace creel::cmd::runtime {

namespace {

constexpr const char* kProgram = "creel-runtime";

int exit_code(const Error& error) {
  if (error.code == Code::kCommandAbsent) return 127;
  if (error.code == Code::kCannotInvoke) return 126;
  return 1;
}

Result<int> run_command(const Global& global, const Command& command, const std::vector<std::string>& args) {
  const std::unique_ptr<Handler> handler = command.make();
  Flags flags;
  flags.program(kProgram).arguments(handler->arguments, command.passthrough);
  handler->declare(flags);
  TRY(flags.parse(args, command.name));
  if (flags.help_requested()) {
    print(command_help(command));
    return 0;
  }
  const auto count = static_cast<int>(handler->arguments.size());
  if (count < command.min_args || (command.max_args >= 0 && count > command.max_args)) {
    return fail(Code::kInvalid, std::string("`") + kProgram + " " + command.name + "` takes " + command.usage)
        .with_hint(std::string("See '") + kProgram + " " + command.name + " --help'");
  }
  return handler->run(global);
}

Result<int> run_program(Global& global, const std::vector<std::string>& args) {
  Flags flags;
  std::vector<std::string> rest;
  flags.program(kProgram).arguments(rest, true);
  declare_global_flags(flags, global);
  TRY(flags.parse(args, ""));
  if (global.log_format != "text" && global.log_format != "json") {
    return fail(Code::kInvalid, "--log-format " + global.log_format + ": text or json is expected");
  }
  if (global.version) {
    print(version_text());
    return 0;
  }
  if (flags.help_requested() || rest.empty() || rest[0] == "help") {
    const Command* command = rest.size() > 1 ? find_command(rest[1]) : nullptr;
    print(command != nullptr ? command_help(*command) : program_help());
    return 0;
  }
  if (rest[0] == "__man") {
    print(manual_page());
    return 0;
  }
  if (rest[0] == "__commands") {
    for (const Command& one : table()) print(std::string(one.name) + "\n");
    return 0;
  }
  const Command* command = find_command(rest[0]);
  if (command == nullptr) {
    return fail(Code::kInvalid, "unknown command \"" + rest[0] + "\"")
        .with_hint(std::string("See '") + kProgram + " --help'");
  }
  return run_command(global, *command, {rest.begin() + 1, rest.end()});
}

// A caller that has closed 0, 1 or 2 must not find the container's state there.
void hold_standard_descriptors() {
  struct stat info {};
  for (int fd = 0; fd < 3; ++fd) {
    if (fstat(fd, &info) != 0 && errno == EBADF) (void)!open("/dev/null", O_RDWR);
  }
}

}  // namespace

int run_command_line(int argc, char** argv) {
  hold_standard_descriptors();
  Global global;
  auto done = run_program(global, std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  if (done.ok()) return *done;
  report(global, Level::kError, done.error());
  return exit_code(done.error());
}

void declare_global_flags(Flags& flags, Global& global) {
  flags.value("--root", global.root, "string", "Directory of the state of containers")
      .value("--log", global.log, "string", "File that errors are appended to, besides stderr")
      .value("--log-format", global.log_format, "string", "Form of that file's lines")
      .choices({"text", "json"})
      .value("--log-level", global.log_level, "string", "Accepted; errors are always logged")
      .flag("--debug", global.debug, "Accepted; errors are always logged")
      .flag("--systemd-cgroup", global.systemd_cgroup,
            "Control groups by systemd; linux.cgroupsPath is SLICE:PREFIX:NAME")
      .value("--rootless", global.rootless, "string", "Accepted; who calls is seen, not told")
      .flag("-v,--version", global.version, "Version of creel-runtime");
}

Result<oci::Instance> open_instance(const Global& global, const std::string& id) {
  TRY_SET(const oci::StateRoot root, oci::StateRoot::open(global.root));
  return oci::Instance::open(root, id);
}

void print(const std::string& text) {
  (void)write_all(STDOUT_FILENO, text).ok();
}

}  // namespace creel::cmd::runtime
