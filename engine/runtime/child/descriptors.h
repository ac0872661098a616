// Which descriptors a container's process has, from the first moment on.
// Who runs this: a process of ours that was just cloned, single-threaded.
#pragma once

#include <initializer_list>

#include "base/result.h"
#include "engine/runtime/child/init.h"

namespace creel::engine::runtime {

// 0, 1, 2 are `stdio` (those that are -1 stay as they are); 3 … 3+`preserved`-1 stay where the caller has them; each of
// `kept` that is not -1 moves behind those, close-on-exec, and learns its new number. Everything else is closed, so that no
// directory of the host stays open in the container (CVE-2024-21626). What is close-on-exec among the preserved ones is
// this engine's own, whatever was asked for, and is closed too.
Result<void> arrange_descriptors(const Stdio& stdio, unsigned preserved, std::initializer_list<int*> kept);

}  // namespace creel::engine::runtime
