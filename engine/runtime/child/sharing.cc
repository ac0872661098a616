#include "engine/runtime/child/sharing.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace creel::engine::runtime {

// A sanitizer knows one stack per thread.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CREEL_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CREEL_SANITIZED
#endif
#endif

#if defined(__x86_64__) && !defined(CREEL_SANITIZED)

namespace {

constexpr std::size_t kStackSize = 256 * 1024;

// The C library's syscall(2) cannot do this: the child has another stack, on which there is nowhere to return to.
long clone3_and_run(clone_args* args, int (*steps)(void*), void* argument) {
  long result = 0;
  asm volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %[argument], %%rdi\n\t"
      "callq *%[steps]\n\t"
      "movl %%eax, %%edi\n\t"
      "movl %[exit], %%eax\n\t"
      "syscall\n\t"
      "hlt\n\t"
      "1:"
      : "=a"(result)
      : "0"(SYS_clone3), "D"(args), "S"(sizeof *args), [steps] "r"(steps), [argument] "r"(argument), [exit] "i"(SYS_exit_group)
      : "rcx", "r11", "memory", "cc");
  return result;
}

}  // namespace

bool can_share_memory() { return true; }

pid_t spawn_sharing(int cgroup, int (*steps)(void* argument), void* argument) {
  void* const stack = mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return -1;
  clone_args args{};
  args.flags = CLONE_VM | CLONE_VFORK;
  args.exit_signal = SIGCHLD;
  args.stack = reinterpret_cast<std::uintptr_t>(stack);
  args.stack_size = kStackSize;
  if (cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  // A handler of ours must not run in it.
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  const int dumpable = prctl(PR_GET_DUMPABLE);
  const long pid = clone3_and_run(&args, steps, argument);
  if (prctl(PR_GET_DUMPABLE) != dumpable) prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  munmap(stack, kStackSize);
  if (pid >= 0) return static_cast<pid_t>(pid);
  errno = static_cast<int>(-pid);
  return -1;
}

#else

bool can_share_memory() { return false; }

pid_t spawn_sharing(int, int (*)(void*), void*) {
  errno = ENOSYS;
  return -1;
}

#endif

}  // namespace creel::engine::runtime
