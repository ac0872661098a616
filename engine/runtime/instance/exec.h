// A further process in a container that runs: `exec`.
// Who runs this: creel-runtime, single-threaded, as its caller.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/runtime/instance/instance.h"

namespace creel::engine::runtime {

struct ExecOptions {
  std::string process_file;  // process.json; the fields from `args` on are then ignored
  std::string pid_file, console_socket;
  std::string cgroup;  // a group beneath the container's
  int preserve_fds = 0;
  bool detach = false;
  bool ignore_paused = false;

  std::vector<std::string> args, env, capabilities;
  std::vector<std::int64_t> additional_gids;
  std::string user, cwd, apparmor_profile, selinux_label;
  bool terminal = false;
  std::optional<bool> no_new_privileges;
};

// The exit code (0 when detached). kCommandAbsent (127), kCannotInvoke (126), kInUse where the container does not run.
Result<int> exec_in(const Instance& instance, const ExecOptions& options);

}  // namespace creel::engine::runtime
