// creel-init: what --init puts in front of a container's command. As PID 1 it starts the command, hands every signal on to
// it, reaps whatever is orphaned, and ends with the command's own exit code. A program of its own, wholly static: it is
// bound read-only into images that hold nothing.
//
//   creel-init [--] COMMAND [ARG...]
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include <sys/wait.h>
#include <unistd.h>

namespace {

// In the child. Only what is safe between fork and exec.
[[noreturn]] void run_command(char** argv, const sigset_t& original) {
  // A process group of its own, in the foreground: Ctrl-C goes to the command and not to both.
  setpgid(0, 0);
  tcsetpgrp(STDIN_FILENO, getpid());  // while SIGTTOU is blocked; no terminal: no harm
  sigprocmask(SIG_SETMASK, &original, nullptr);
  execvp(argv[0], argv);
  const int err = errno;
  std::fprintf(stderr, "creel-init: exec %s: %s\n", argv[0], std::strerror(err));
  _exit(err == ENOENT ? 127 : 126);
}

int code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

}  // namespace

int main(int argc, char** argv) {
  int first = 1;
  if (argc > 1 && std::strcmp(argv[1], "--") == 0) ++first;
  if (first >= argc) {
    std::fputs("creel-init: no command\n", stderr);
    return 125;
  }
  sigset_t all, original;
  sigfillset(&all);
  // Faults are this program's own.
  for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&all, number);
  sigprocmask(SIG_SETMASK, &all, &original);

  const pid_t command = fork();
  if (command < 0) {
    std::fprintf(stderr, "creel-init: fork: %s\n", std::strerror(errno));
    return 125;
  }
  if (command == 0) run_command(argv + first, original);
  setpgid(command, command);  // here too: whichever comes first

  for (;;) {
    siginfo_t info{};
    const int number = sigwaitinfo(&all, &info);
    if (number < 0) continue;
    if (number != SIGCHLD) {
      // The command's whole group, as a terminal would.
      if (kill(-command, number) != 0) kill(command, number);
      continue;
    }
    int status = 0;
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (ended == command) return code_of(status);
    }
  }
}
