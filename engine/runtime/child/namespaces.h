// The namespaces of a plan: those that clone3(2) makes, those that are joined, and in what order. See namespaces(7),
// user_namespaces(7), time_namespaces(7), config-linux.md "Namespaces".
#pragma once

#include <cstdint>

#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

// What the first process is cloned with: all new ones but those that come later, its cgroup namespace (whose root must be
// the container's group) and its time namespace (whose offsets must be written first).
std::uint64_t cloned_namespaces(const Plan& plan);
[[nodiscard]] bool makes_namespace(const Plan& plan, int flag);
[[nodiscard]] bool joins_namespace(const Plan& plan, int flag);
// Whether a process of its own must enter first, and make the container's from there: a PID namespace takes only the
// children of who joins it; rights over what is joined may come from the user namespace that is joined, or be lost in the
// one that is made.
[[nodiscard]] bool needs_entry(const Plan& plan);

// Whether the first process is closed to everybody, its parent included, from its beginning: it enters among others who
// may have rights over it. It then sends its own namespaces itself.
[[nodiscard]] bool shows_namespaces(const Plan& plan);

// Who runs this: that process. All that is joined but the mount namespace.
Result<void> enter_namespaces(const Plan& plan);
// Who runs this: the first process. What is left to join: all where there was no entry, else the mount namespace.
Result<void> join_rest(const Plan& plan);
// Who runs this: the first process, still in the host's view of /proc. Offsets of its clocks, from the next instant on.
Result<void> enter_time_namespace(const Plan& plan);
// Loopback, host name, domain name.
Result<void> dress_namespaces(const Plan& plan);
// setresuid(2), setresgid(2) to 0.
Result<void> become_root();

Error clone_error(int err, bool user_namespace);

}  // namespace creel::engine::runtime
