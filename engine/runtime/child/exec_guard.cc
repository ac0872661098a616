#include "engine/runtime/child/exec_guard.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <string>

#include "engine/runtime/child/channel.h"

namespace creel::engine::runtime {

namespace {

// The exec has closed the other end, which is close-on-exec.
bool has_executed(int channel) {
  char byte;
  return recv(channel, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

bool runs_own_program(pid_t pid, const OwnProgram& own) {
  struct stat info {};
  if (stat(("/proc/" + std::to_string(pid) + "/exe").c_str(), &info) != 0) return true;
  return info.st_dev == own.device && info.st_ino == own.inode;
}

// What PTRACE_TRACEME and PTRACE_SEIZE make of an exec differs.
bool is_exec_stop(int status, int channel, bool seized) {
  if (seized) return status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
  return WSTOPSIG(status) == SIGTRAP && has_executed(channel);
}

// Until the exec, or the end. Somebody's signals mean what they would without us.
Result<void> watch(int channel, pid_t pid, const OwnProgram& own, bool seized) {
  for (;;) {
    siginfo_t info{};
    // An end is left for whoever waits for it next.
    if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WSTOPPED | WNOWAIT | __WALL) != 0) {
      if (errno == EINTR) continue;
      return errno_error("waiting for the container's process");
    }
    if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) {
      // Its parent hears of it only after its tracer.
      if (seized) (void)waitpid(pid, nullptr, __WALL);
      return expect_end(channel);
    }
    int status = 0;
    if (waitpid(pid, &status, __WALL) != pid) continue;
    if (!is_exec_stop(status, channel, seized)) {
      const bool stays = status >> 16 == PTRACE_EVENT_STOP;
      ptrace(stays ? PTRACE_LISTEN : PTRACE_CONT, pid, nullptr, stays ? 0 : WSTOPSIG(status));
      continue;
    }
    if (runs_own_program(pid, own)) {
      kill(pid, SIGKILL);
      return fail(Code::kCannotInvoke, "the command in the container leads to the engine's own program: refused");
    }
    if (ptrace(PTRACE_DETACH, pid, nullptr, nullptr) != 0 && errno != ESRCH)
      return errno_error("starting the container's command");
    return {};
  }
}

}  // namespace

void offer_guard(int channel, const OwnProgram& own) {
  if (own.writable && ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0) send_message(channel, Message::kGuarded);
}

Result<void> expect_exec(int channel, pid_t pid, const OwnProgram& own) {
  TRY_SET(const bool guarded, expect_end_or(channel, Message::kGuarded));
  return guarded ? watch(channel, pid, own, false) : Result<void>();
}

Result<void> go_and_expect_exec(int connection, pid_t pid, const OwnProgram& own) {
  const bool guarded = own.writable && ptrace(PTRACE_SEIZE, pid, nullptr, PTRACE_O_TRACEEXEC) == 0;
  send_message(connection, Message::kGo);
  return guarded ? watch(connection, pid, own, true) : expect_end(connection);
}

}  // namespace creel::engine::runtime
