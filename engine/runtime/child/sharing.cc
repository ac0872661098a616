#include "engine/runtime/child/sharing.h"

#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace creel::engine::runtime {

// A sanitizer knows one stack per thread.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CREEL_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CREEL_SANITIZED
#endif
#endif

namespace {

// Whether the child may be anywhere in this memory.
volatile bool in_use = false;

}  // namespace

void leave_memory() { in_use = false; }
void use_memory_again() { in_use = true; }

#if defined(__x86_64__) && !defined(CREEL_SANITIZED)

namespace {

// Of which only what is written to is ever there; one page more, below, is nobody's. Not given back: to do that takes longer
// than to leave it to the end of the process, which comes soon.
constexpr std::size_t kStackSize = 8 * 1024 * 1024;
constexpr std::size_t kGuardSize = 4096;

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

struct Steps {
  int (*run)(void*);
  void* argument;
};

int run_steps(void* argument) {
  const Steps& steps = *static_cast<const Steps*>(argument);
  const int code = steps.run(steps.argument);
  leave_memory();
  return code;
}

// A handler of ours must not run in the child; what has none, and would end us, ends both.
void block_signals(sigset_t& before) {
  sigset_t blocked;
  sigfillset(&blocked);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_DFL) sigdelset(&blocked, number);
  }
  sigprocmask(SIG_BLOCK, &blocked, &before);
}

// No memory is asked for here, nor given back.
[[noreturn]] void end_with_child(int container) {
  static constexpr std::string_view kKilled = "Error: the process was killed while it was being set up\n";
  static constexpr std::string_view kEnded = "Error: the container has ended\n";
  constexpr int kLooks = 50, kLookMs = 20;
  bool ended = false;
  for (int look = 0; container >= 0 && !ended && look < kLooks; ++look) {
    // It ends when all that was in it has been waited for: what was killed is not quite gone yet.
    while (waitpid(-1, nullptr, __WALL | WNOHANG) > 0) {
    }
    pollfd entry{container, POLLIN, 0};
    ended = poll(&entry, 1, kLookMs) > 0;
  }
  const std::string_view message = ended ? kEnded : kKilled;
  (void)!write(STDERR_FILENO, message.data(), message.size());
  _exit(125);
}

}  // namespace

bool can_share_memory() { return true; }

pid_t spawn_sharing(const SharingClone& how, int (*run)(void*), void* argument) {
  void* const stack = mmap(nullptr, kGuardSize + kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) return -1;
  mprotect(stack, kGuardSize, PROT_NONE);
  clone_args args{};
  args.flags = how.flags | CLONE_VM | CLONE_VFORK;
  args.exit_signal = (how.flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  args.stack = reinterpret_cast<std::uintptr_t>(stack) + kGuardSize;
  args.stack_size = kStackSize;
  if (how.cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(how.cgroup);
  }
  if (how.pidfd != nullptr) {
    args.flags |= CLONE_PIDFD;
    args.pidfd = reinterpret_cast<std::uintptr_t>(how.pidfd);
  }
  if (how.pid != nullptr) {
    args.flags |= CLONE_PARENT_SETTID;
    args.parent_tid = reinterpret_cast<std::uintptr_t>(how.pid);
  }
  Steps steps{run, argument};
  sigset_t before;
  block_signals(before);
  const int dumpable = prctl(PR_GET_DUMPABLE);
  const bool nested = in_use;
  in_use = true;
  const long pid = clone3_and_run(&args, run_steps, &steps);
  if (pid >= 0 && in_use) {
    if (nested) _exit(125);
    end_with_child(how.container);
  }
  in_use = nested;
  if (!nested && prctl(PR_GET_DUMPABLE) != dumpable) prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid >= 0) return static_cast<pid_t>(pid);
  errno = static_cast<int>(-pid);
  return -1;
}

#else

bool can_share_memory() { return false; }

pid_t spawn_sharing(const SharingClone&, int (*)(void*), void*) {
  errno = ENOSYS;
  return -1;
}

#endif

}  // namespace creel::engine::runtime
