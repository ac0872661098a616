// container clone: another container like one that is there. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/options.h"
#include "engine/engine.h"

namespace creel::engine {

struct CloneOptions {
  std::string name;   // empty: NAME-clone, NAME-clone1, …
  std::string image;  // empty: the same
  LimitOptions limits;
  bool destroy = false;  // the original is removed
  bool force = false;    // also where it runs
};
// What the original is, with the limits that are given; not what it has written. Its volumes are shared. The full ID.
// kInUse: it runs, and is to be destroyed without force.
Result<std::string> clone(Engine& engine, const std::string& name, const CloneOptions& options,
                          const std::vector<std::string>& argv);

}  // namespace creel::engine
