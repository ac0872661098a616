#include "engine/runtime/instance/attend.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"
#include "base/process.h"
#include "engine/monitor/client.h"

namespace creel::engine::runtime {

namespace {

// Blocked and read instead of handled: one system call for all of them, twice, against two for each.
Result<void> pass_on_signals(int pidfd) {
  sigset_t all;
  sigfillset(&all);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGCHLD, SIGTTIN, SIGTTOU, SIGURG,
                        SIGWINCH, SIGPIPE, SIGTSTP, SIGCONT}) {
    sigdelset(&all, own);
  }
  if (sigprocmask(SIG_BLOCK, &all, nullptr) != 0) return errno_error("blocking signals");
  const Fd signals(signalfd(-1, &all, SFD_CLOEXEC));
  if (!signals.valid()) return errno_error("waiting for signals");
  for (;;) {
    pollfd waiting[2] = {{pidfd, POLLIN, 0}, {signals.get(), POLLIN, 0}};
    if (poll(waiting, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return errno_error("waiting for the container");
    }
    if (waiting[0].revents != 0) return {};
    signalfd_siginfo info{};
    if (read(signals.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
      (void)pidfd_signal(pidfd, static_cast<int>(info.ssi_signo)).ok();
    }
  }
}

Result<void> join_terminal(int terminal, int pidfd) {
  monitor::RelayOptions options;
  options.terminal = isatty(STDIN_FILENO) == 1;
  options.stdin_open = true;
  options.detach_keys.clear();
  TRY(monitor::relay_terminal(terminal, pidfd, options));
  return {};
}

}  // namespace

Result<int> attend(pid_t pid, int pidfd, int terminal) {
  TRY(terminal >= 0 ? join_terminal(terminal, pidfd) : pass_on_signals(pidfd));
  return reap(pid);
}

int reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return 255;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace creel::engine::runtime
