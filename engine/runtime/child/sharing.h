// A child that shares this process's memory while this one stands still, as after vfork(2), but with a stack of its own, namespaces of
// its own to join, and a control group to be born in: no page table is copied, and no page afterwards.
// Who runs this: as entry.h; single-threaded.
#pragma once

#include <sys/types.h>

namespace creel::engine::runtime {

// What this machine and this build can: elsewhere spawn_sharing() always fails with ENOSYS.
bool can_share_memory();

// Runs `steps` in the child, with all signals blocked, and returns when it has ended (it is still to be waited for) or has exec'd. What
// it has changed of our memory is changed. It may not throw. `cgroup`: -1 is ours. Less than 0: errno says why there is none.
// clone3(2) with CLONE_VM | CLONE_VFORK; whether others may look into the memory (PR_SET_DUMPABLE) is afterwards as it was.
pid_t spawn_sharing(int cgroup, int (*steps)(void* argument), void* argument);

}  // namespace creel::engine::runtime
