// One invocation's view of the engine: who we are, where things are, the store. Not thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "rootless/directories.h"
#include "storage/store.h"

namespace creel::engine {

// Global flags as given.
struct Options {
  std::string root;      // --root
  std::string runroot;   // --runroot
  bool inside_userns = false;  // --inside-userns (hidden)
};

class Engine {
 public:
  static Result<Engine> open(const Options& options);
  [[nodiscard]] rootless::Identity identity() const { return identity_; }
  [[nodiscard]] bool rootless() const { return identity_ != rootless::Identity::kRoot; }
  [[nodiscard]] const storage::Paths& paths() const { return paths_; }
  [[nodiscard]] const Options& options() const { return options_; }
  // Opened at the first call.
  Result<storage::Store*> store(storage::Store::Access access = storage::Store::Access::kRead);
  // argv that runs this engine again with the same directories: {"/proc/self/exe's target", "--root", …}.
  [[nodiscard]] std::vector<std::string> self_argv(bool inside_userns) const;

 private:
  Options options_;
  rootless::Identity identity_ = rootless::Identity::kUser;
  storage::Paths paths_;
  std::unique_ptr<storage::Store> store_;
};

}  // namespace creel::engine
