// Which descriptors a container's process has, from the first moment on.
// Who runs this: arrange_descriptors() a process of ours that was just cloned, single-threaded; the rest anybody.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "base/result.h"
#include "engine/runtime/child/init.h"

namespace creel::engine::runtime {

// Whether who executed this program left it open for it: what it opens itself is close-on-exec.
[[nodiscard]] bool is_inherited(int fd);
// 3 … 3+count-1. kInvalid: one of them is not inherited.
Result<std::vector<std::uint32_t>> inherited_descriptors(int count);

struct Preserved {
  const std::vector<std::uint32_t>& numbers;  // from 3 on
  // The descriptors that get them; empty: they have them already. What is then close-on-exec among them is this engine's
  // own, whatever was asked for, and is closed.
  const std::vector<int>& from;
};

// 0, 1, 2 are `stdio` (those that are -1 stay as they are); `preserved` get their numbers; each of `kept` that is not -1 gets
// a number that is not taken, close-on-exec, and learns it; `staying` are ours, too, and keep their numbers, which are none of
// the preserved ones. Everything else is closed, so that no directory of the host stays
// open in the container (CVE-2024-21626).
Result<void> arrange_descriptors(const Stdio& stdio, const Preserved& preserved, std::initializer_list<int*> kept,
                                 const std::vector<int>& staying = {});

}  // namespace creel::engine::runtime
