#include "engine/runtime/instance/exec.h"

#include "base/text.h"
#include "cmd/runtime/handlers.h"

namespace creel::cmd::runtime {

void Exec::declare(Flags& flags) {
  flags.value("-p,--process", options_.process_file, "string", "The process object of runtime-spec, as a JSON file")
      .value("--console-socket", options_.console_socket, "string",
             "Unix socket that the terminal's main side is sent to")
      .value("--pid-file", options_.pid_file, "string", "File for the process's PID")
      .value("--cwd", options_.cwd, "string", "Working directory in the container")
      .list("-e,--env", options_.env, "string", "More environment: NAME=VALUE")
      .flag("-t,--tty", options_.terminal, "Give the process a terminal")
      .value("-u,--user", options_.user, "string", "User and group: UID[:GID], or names of the container's")
      .list("-g,--additional-gids", gids_, "ints", "More group IDs")
      .csv()
      .flag("-d,--detach", options_.detach, "Do not wait for the process's end")
      .list("-c,--cap", options_.capabilities, "strings", "More capabilities")
      .csv()
      .flag("--no-new-privs", options_.no_new_privileges, "Set no_new_privs for the process")
      .value("--apparmor", options_.apparmor_profile, "string", "AppArmor profile of the process")
      .value("--process-label", options_.selinux_label, "string", "SELinux label of the process")
      .integer("--preserve-fds", preserve_fds_, "int", "Pass on N more descriptors, from 3 on")
      .value("--cgroup", options_.cgroup, "string", "A control group beneath the container's")
      .flag("--ignore-paused", options_.ignore_paused, "Also in a paused container: the process is paused too");
}

Result<int> Exec::run(const Global& global) {
  constexpr std::int64_t kMost = 4096;
  if (preserve_fds_ < 0 || preserve_fds_ > kMost) {
    return fail(Code::kInvalid, "--preserve-fds " + std::to_string(preserve_fds_) + ": not a number of descriptors");
  }
  options_.preserve_fds = static_cast<int>(preserve_fds_);
  for (const std::string& text : gids_) {
    TRY_SET(const std::int64_t gid, parse_int(text, "--additional-gids"));
    options_.additional_gids.push_back(gid);
  }
  options_.args.assign(arguments.begin() + 1, arguments.end());
  if (options_.args.empty() && options_.process_file.empty()) {
    return fail(Code::kInvalid, "no command specified").with_hint("See 'creel-runtime exec --help'");
  }
  TRY_SET(const oci::Instance instance, open_instance(global, arguments[0]));
  return oci::exec_in(instance, options_);
}

}  // namespace creel::cmd::runtime
