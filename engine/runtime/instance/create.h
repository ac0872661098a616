// Making containers: `create` and `run`.
// Who runs this: creel-runtime, single-threaded, as its caller.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/runtime/instance/bundle.h"
#include "engine/runtime/instance/state_root.h"

namespace creel::engine::runtime {

struct CreateOptions {
  BundleOptions bundle;
  std::string pid_file;
  std::string console_socket;
};

// Everything but the exec of the container's process, which waits for start(). On an error nothing is left.
Result<void> create_container(const StateRoot& root, const CreateOptions& options);

struct RunOptions {
  CreateOptions create;
  bool detach = false;
  bool keep = false;  // the state stays when it has ended
};
// Creates and starts; waits for its end unless detached. The exit code (128 + signal where one ended it).
Result<int> run_container(const StateRoot& root, const RunOptions& options);

}  // namespace creel::engine::runtime
