// Namespaces of others as a plan names them: a path, or "fd:3", a descriptor of the process that carries the plan out. One that
// was opened while its owner was known to live stands for that very namespace, whoever has the owner's PID by now.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

std::string descriptor_name(int fd);
// -1: it is a path.
[[nodiscard]] int named_descriptor(const std::string& name);
Result<Fd> open_namespace(const std::string& name);

// Calls `use` with each such name of a Plan, const or not.
template <typename AnyPlan, typename Use>
void each_namespace_name(AnyPlan& plan, const Use& use) {
  for (auto& step : plan.namespaces) {
    if (!step.path.empty()) use(step.path);
  }
  for (auto& step : plan.mounts) {
    if (!step.source_namespace.empty()) use(step.source_namespace);
  }
}

}  // namespace creel::engine::runtime
