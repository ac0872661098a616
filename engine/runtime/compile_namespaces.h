// Namespaces, ID maps and clocks of a Spec (see compile.h). Thread-safe.
#pragma once

#include "base/result.h"
#include "engine/runtime/child/plan.h"
#include "engine/runtime/spec.h"

namespace creel::engine::runtime {

// The first one listed; null: it is the runtime's.
const Namespace* find_namespace(const Spec& spec, NamespaceType type);
// A new one.
[[nodiscard]] bool has_new_namespace(const Spec& spec, NamespaceType type);
// One that is not the caller's own: new, or joined and another.
[[nodiscard]] bool has_other_namespace(const Spec& spec, NamespaceType type);

// namespaces, uid_map, gid_map, time_offsets, hostname, domainname.
Result<void> compile_namespaces(const Spec& spec, Plan& plan);

}  // namespace creel::engine::runtime
