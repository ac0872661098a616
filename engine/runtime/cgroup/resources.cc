#include "engine/runtime/cgroup/resources.h"

#include "engine/runtime/cgroup/limits.h"

namespace creel::engine::runtime {

bool Resources::any_limit() const {
  return !required_controllers(*this).empty();
}

}  // namespace creel::engine::runtime
