// A process that enters namespaces and makes the one that is wanted from within, as a child of our own (CLONE_PARENT).
// Who runs this: the monitor, creel-runtime and `creel exec`; single-threaded.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::runtime {

struct EntryRequest {
  int cgroup = -1;           // both are born there, by the rights that the caller has outside; -1: the caller's own
  std::uint64_t flags = 0;   // CLONE_NEW* of the inner one
  // Both have this process's (sharing.h) where that can be, and clone_from_within() returns after the exec: `enter` may not
  // join a time namespace, `body` waits for nothing that only the caller can do.
  bool shares_memory = false;
  int container = -1;  // pidfd of the first process of what is entered, with shares_memory (SharingClone::container)
  int channel = -1;          // where what fails is sent (channel.h)
  std::function<Result<void>()> enter;  // in the outer process
  std::function<Result<void>()> body;   // in the inner one; returns only when it fails
};
struct Entered {
  pid_t pid = -1;  // the inner one's, in the caller's PID namespace; -1: it was not made, and the channel says why
  Fd pidfd;
};
Result<Entered> clone_from_within(const EntryRequest& request);

// fork(2), into a control group where `cgroup` is not -1 (CLONE_INTO_CGROUP), with namespaces. `pidfd` may be null.
pid_t clone_process(std::uint64_t flags, int cgroup, int* pidfd);

}  // namespace creel::engine::runtime
