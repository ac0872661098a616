// A child that shares this process's memory while this one stands still, as after vfork(2), but with a stack of its own, namespaces of
// its own, and a control group to be born in: no page table is copied, and no page afterwards.
// Who runs this: as entry.h; single-threaded.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace creel::engine::runtime {

struct SharingClone {
  std::uint64_t flags = 0;  // CLONE_NEW*, but no time namespace: who shares memory cannot be in another; and CLONE_PARENT
  int cgroup = -1;          // -1: ours
  int* pidfd = nullptr;     // receives one
  pid_t* pid = nullptr;     // receives the number before the child runs, which can read it here
  int container = -1;       // pidfd of whose end would be the reason why the child was killed
};

// What this machine and this build can: elsewhere spawn_sharing() always fails with ENOSYS.
bool can_share_memory();

// Runs `steps` in the child, and returns when it has ended (it is still to be waited for) or has exec'd. Meanwhile all signals
// are blocked in both but those that would end this process, too. What it has changed of our memory is changed. It may not throw. Less
// than 0: errno says why there is none. Does not return if the child was killed in between, which may have been anywhere in
// our memory: the process ends with exit code 125 and says why. The same in a child that has one itself: it is the first one that says it.
// clone3(2) with CLONE_VM | CLONE_VFORK; whether others may look into the memory (PR_SET_DUMPABLE) is afterwards as it was.
pid_t spawn_sharing(const SharingClone& how, int (*steps)(void* argument), void* argument);

// Who runs this: the child, around an exec. From here on its end, whichever it is, leaves the memory whole.
void leave_memory();
// The exec has failed.
void use_memory_again();

}  // namespace creel::engine::runtime
