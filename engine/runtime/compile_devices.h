// Devices of a Spec as steps of the plan (see compile.h, config-linux.md "Devices", "Default Devices"). Thread-safe.
#pragma once

#include "base/result.h"
#include "engine/runtime/child/plan.h"
#include "engine/runtime/spec.h"

namespace creel::engine::runtime {

// `in_userns`: they are bound from the host; mknod(2) of a device needs the initial user namespace. kInvalid names the
// device; kNotFound: the host has none with these numbers.
Result<void> compile_devices(const Spec& spec, bool in_userns, Plan& plan);

}  // namespace creel::engine::runtime
