// The command table of creel-runtime: the commands and flags of runc, whose callers (conmon, containerd's shim, CRI-O)
// know them by heart.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cmd/flags.h"
#include "engine/runtime/instance/instance.h"
#include "engine/runtime/instance/state_root.h"

namespace creel::cmd::runtime {

namespace oci = creel::engine::runtime;

struct Global {
  std::string root, log, log_format = "text", log_level = "info", rootless;
  bool debug = false, systemd_cgroup = false, version = false;
};

class Handler {
 public:
  virtual ~Handler() = default;
  virtual void declare(Flags& flags) = 0;
  // The exit code, or an error, which main() reports on stderr and in --log.
  virtual Result<int> run(const Global& global) = 0;

  std::vector<std::string> arguments;
};

struct Command {
  const char* name;
  const char* usage;
  const char* summary;
  std::unique_ptr<Handler> (*make)();
  int min_args, max_args;    // -1: any
  bool passthrough = false;  // from the first argument on, nothing is a flag
  const char* description = nullptr;
  const char* examples = nullptr;
};

const std::vector<Command>& table();
const Command* find_command(const std::string& name);
void declare_global_flags(Flags& flags, Global& global);

std::string program_help();
std::string command_help(const Command& command);
std::string version_text();
// The manual page in troff.
std::string manual_page();

int run_command_line(int argc, char** argv);

// What most commands begin with.
Result<oci::Instance> open_instance(const Global& global, const std::string& id);
void print(const std::string& text);

template <typename T>
std::unique_ptr<Handler> make() {
  return std::make_unique<T>();
}

}  // namespace creel::cmd::runtime
