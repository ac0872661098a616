// Runs a command and kills it with all that it started, in front of the n-th system call that changes a file system.
//
//   fault-at [--hook COMMAND | --beside COMMAND] N COMMAND [ARG...]
//
// N counts such calls over all processes and threads; 0 kills nobody. With --hook, `sh -c COMMAND` runs in that moment,
// while none of them can change anything: what is on the disk then is what a power cut would leave. --beside is the same, but
// nobody is killed: it goes on.
// Prints "killed N" or "ended COUNT CODE" to descriptor 3, where it is open. Exit code: 0; 2 for wrong use; 3 where
// tracing is impossible.
//
// The calls are picked out by a seccomp filter (seccomp(2), SECCOMP_RET_TRACE), so that all others run at full speed.
// Needs no rights; without them, set-user-ID programs of the command do not work (newuidmap: let the engine's user
// namespace live already).
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <vector>

namespace {

#define CALL(name) SYS_##name
constexpr long kChanging[] = {
#ifdef SYS_open
    CALL(creat),     CALL(mkdir),           CALL(mknod),        CALL(rename),       CALL(unlink),    CALL(rmdir),
    CALL(link),      CALL(symlink),         CALL(chmod),        CALL(chown),        CALL(lchown),
#endif
    CALL(write),     CALL(writev),          CALL(pwrite64),     CALL(pwritev),      CALL(pwritev2),  CALL(sendfile),
    CALL(splice),    CALL(copy_file_range), CALL(fallocate),    CALL(truncate),     CALL(ftruncate), CALL(openat2),
    CALL(mkdirat),   CALL(mknodat),         CALL(renameat2),    CALL(unlinkat),     CALL(linkat),    CALL(symlinkat),
    CALL(fchmod),    CALL(fchmodat),        CALL(fchown),       CALL(fchownat),     CALL(setxattr),  CALL(lsetxattr),
    CALL(fsetxattr), CALL(removexattr),     CALL(lremovexattr), CALL(fremovexattr), CALL(utimensat), CALL(fsync),
    CALL(fdatasync), CALL(syncfs),          CALL(mount),
#ifdef SYS_renameat
    CALL(renameat),
#endif
};
#undef CALL

// Those of kChanging, and openat with O_CREAT or O_TRUNC.
bool install_filter() {
  std::vector<sock_filter> code;
  const auto load = [&](unsigned offset) { code.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, offset}); };
  load(offsetof(seccomp_data, nr));
  for (const long call : kChanging) {
    code.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<unsigned>(call)});
    code.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE});
  }
  code.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_openat});
  load(offsetof(seccomp_data, args) + 2 * sizeof(__u64));
  code.push_back({BPF_JMP | BPF_JSET | BPF_K, 0, 1, 0100 | 01000});
  code.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE});
  code.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
  sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  // With rights, set-user-ID programs go on working.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0) return true;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

[[noreturn]] void run_command(char** argv) {
  if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(3);
  // Until the tracer has set its options.
  raise(SIGSTOP);
  if (!install_filter()) _exit(3);
  execvp(argv[0], argv);
  fprintf(stderr, "fault-at: %s: %s\n", argv[0], strerror(errno));
  _exit(127);
}

void say(const char* format, long a, long b) {
  dprintf(3, format, a, b);
}

class Tracer {
 public:
  Tracer(pid_t child, long fatal, const char* hook, bool kills) : child_(child), fatal_(fatal), hook_(hook), kills_(kills) {}

  int run() {
    int status = 0;
    if (waitpid(child_, &status, 0) != child_ || !WIFSTOPPED(status)) return 3;
    constexpr long kOptions =
        PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
    if (ptrace(PTRACE_SETOPTIONS, child_, nullptr, kOptions) != 0) return 3;
    alive_.insert(child_);
    begun_.insert(child_);
    ptrace(PTRACE_CONT, child_, nullptr, nullptr);
    int code = 0;
    while (!alive_.empty()) {
      const pid_t pid = waitpid(-1, &status, __WALL);
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) break;
      if (WIFEXITED(status) || WIFSIGNALED(status)) {
        alive_.erase(pid);
        begun_.erase(pid);
        if (pid == child_) code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        continue;
      }
      if (stopped(pid, status)) {
        kill_all();
        say("killed %ld %ld\n", count_, 0);
        return 0;
      }
    }
    say("ended %ld %ld\n", count_, code);
    return 0;
  }

 private:
  // Whether this was the one.
  bool stopped(pid_t pid, int status) {
    alive_.insert(pid);
    const bool fresh = begun_.insert(pid).second;
    const int event = status >> 16;
    int signal = WSTOPSIG(status);
    if (event == PTRACE_EVENT_SECCOMP) {
      if (++count_ == fatal_) {
        if (hook_ != nullptr && system(hook_) != 0) fprintf(stderr, "fault-at: the hook failed\n");
        if (kills_) return true;
      }
      signal = 0;
    } else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
      unsigned long child = 0;
      // Known before its first stop, so that the end of all others is not taken for the end of all.
      if (ptrace(PTRACE_GETEVENTMSG, pid, nullptr, &child) == 0) alive_.insert(static_cast<pid_t>(child));
      signal = 0;
    } else if (event != 0 || (fresh && signal == SIGSTOP) || signal == SIGTRAP) {
      signal = 0;
    }
    ptrace(PTRACE_CONT, pid, nullptr, signal);
    return false;
  }

  void kill_all() {
    for (const pid_t pid : alive_) kill(pid, SIGKILL);
    // A child of which nobody has told yet is killed by PTRACE_O_EXITKILL, when this process ends.
    int status = 0;
    while (!alive_.empty()) {
      const pid_t pid = waitpid(-1, &status, __WALL);
      if (pid < 0 && errno != EINTR) break;
      if (pid > 0 && (WIFEXITED(status) || WIFSIGNALED(status))) alive_.erase(pid);
      if (pid > 0 && WIFSTOPPED(status)) {
        alive_.insert(pid);
        kill(pid, SIGKILL);
      }
    }
  }

  pid_t child_;
  long fatal_;
  const char* hook_;
  bool kills_;
  long count_ = 0;
  std::set<pid_t> alive_, begun_;  // begun_: whose first stop, the SIGSTOP of being attached, was seen
};

}  // namespace

int main(int argc, char** argv) {
  const char* hook = nullptr;
  int at = 1;
  bool kills = true;
  if (argc > 2 && (strcmp(argv[1], "--hook") == 0 || strcmp(argv[1], "--beside") == 0)) {
    hook = argv[2];
    kills = argv[1][2] == 'h';
    at = 3;
  }
  char* end = nullptr;
  const long fatal = argc > at ? strtol(argv[at], &end, 10) : 0;
  if (argc < at + 2 || *end != '\0') {
    fprintf(stderr, "usage: fault-at [--hook COMMAND | --beside COMMAND] N COMMAND [ARG...]\n");
    return 2;
  }
  const pid_t child = fork();
  if (child == 0) run_command(argv + at + 1);
  return Tracer(child, fatal, hook, kills).run();
}
