// What the container's first process does, from its birth to the exec; the order is the point.
// Who runs this: that process, single-threaded, with all its new namespaces but the cgroup and time ones.
#pragma once

#include "base/result.h"
#include "engine/runtime/child/init.h"
#include "engine/runtime/child/plan.h"
#include "engine/runtime/child/process_setup.h"

namespace creel::engine::runtime {

struct FirstProcessStart {
  const Plan& plan;
  const Stdio& stdio;
  const InitOptions& options;
  OwnProgram own;
  int channel = -1;           // learns its number, whatever it becomes
  // The parent has no rights over the container's user namespace: the process opens what is bound from the host itself,
  // with the caller's rights, before it becomes root in there.
  bool opens_sources = false;
};
// Returns only when something failed.
Error first_steps(FirstProcessStart& start);

}  // namespace creel::engine::runtime
