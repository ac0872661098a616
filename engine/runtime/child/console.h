// The terminal of a container's process: a pty of the container's own devpts.
// Who runs this: the first process before the pivot, or one that exec has put into the container; root there.
#pragma once

#include <cstdint>

#include "base/fd.h"
#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

struct Pty {
  Fd main;  // goes to the parent
  Fd side;  // the process's own
};
// From the ptmx of the devpts beneath `root`: what lies at /dev/pts is checked to be one. Both ends by descriptor, never by
// a name that the container could redirect (CVE-2025-52565).
Result<Pty> open_pty(int root, const ProcessPlan& plan);

// /dev/console is the terminal too, as login programs expect. A container without a place for it does without.
Result<void> mount_console(int root, const Pty& pty);

// `side` becomes this process's controlling terminal and its 0, 1, 2; it belongs to `uid`, who must be able to open it again.
Result<void> take_terminal(const Fd& side, std::uint32_t uid);

}  // namespace creel::engine::runtime
