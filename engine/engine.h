// One invocation's view of the engine: who we are, where things are, the store. Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/configuration.h"
#include "rootless/directories.h"
#include "storage/store.h"

namespace creel::engine {

// Global flags as given.
struct Options {
  std::string root;            // --root
  std::string runroot;         // --runroot
  bool inside_userns = false;  // --inside-userns (hidden)
  std::vector<std::string> storage_opts;  // --storage-opt, global: "overlay.mount_program=PATH"
  std::string runtime;                     // --runtime
  std::string cgroup_manager;              // --cgroup-manager: "systemd", "cgroupfs"
  std::vector<std::string> runtime_flags;  // --runtime-flag
};

class Engine {
 public:
  static Result<Engine> open(const Options& options);
  [[nodiscard]] rootless::Identity identity() const { return identity_; }
  [[nodiscard]] bool rootless() const { return identity_ != rootless::Identity::kRoot; }
  [[nodiscard]] const storage::Paths& paths() const { return paths_; }
  // Why the store is on a disk of this node and not in the home directory (engine/store_place.h); empty: it is not.
  [[nodiscard]] const std::string& not_at_home() const { return not_at_home_; }
  [[nodiscard]] const Options& options() const { return options_; }
  // Opened at the first call.
  Result<storage::Store*> store(storage::Store::Access access = storage::Store::Access::kRead);
  // containers.conf, read at the first call.
  Result<const EngineConfiguration*> configuration();
  // The program that serves overlays instead of the kernel (--storage-opt overlay.mount_program=PATH); empty: the kernel.
  [[nodiscard]] const std::string& mount_program() const { return mount_program_; }
  // argv that runs this engine again with the same directories: {"/proc/self/exe's target", "--root", …}.
  [[nodiscard]] std::vector<std::string> self_argv(bool inside_userns) const;
  // Something the user should know that is not an error ("resorting to SIGKILL"): to stderr.
  void warn(const std::string& text) const;

 private:
  Options options_;
  rootless::Identity identity_ = rootless::Identity::kUser;
  storage::Paths paths_;
  std::string not_at_home_;
  std::string mount_program_;
  std::unique_ptr<storage::Store> store_;
  std::optional<EngineConfiguration> configuration_;
};

}  // namespace creel::engine
