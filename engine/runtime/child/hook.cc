#include "engine/runtime/child/hook.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/runtime/child/program_file.h"

namespace creel::engine::runtime {

namespace {

constexpr std::size_t kKeptOutput = 1000;

// A file, not a pipe: of any size, and one that the hook need not read.
Result<Fd> as_file(const std::string& text) {
  Fd file(memfd_create("state", MFD_CLOEXEC));
  if (!file.valid()) return errno_error("passing the container's state");
  TRY(write_all(file.get(), text));
  if (lseek(file.get(), 0, SEEK_SET) != 0) return errno_error("passing the container's state");
  return file;
}

std::vector<char*> pointers(const std::vector<std::string>& list) {
  std::vector<char*> out;
  out.reserve(list.size() + 1);
  for (const std::string& item : list) out.push_back(const_cast<char*>(item.c_str()));
  out.push_back(nullptr);
  return out;
}

// In the child.
[[noreturn]] void become(const HookStep& hook, int state, int output, char** argv, char** envp, const OwnProgram* own) {
  // Killing its group must not reach whoever started it.
  setsid();
  prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  if (dup2(state, 0) >= 0 && dup2(output, 1) >= 0 && dup2(output, 2) >= 0 && syscall(SYS_close_range, 3u, ~0u, 0u) == 0) {
    if (own == nullptr) execve(hook.path.c_str(), argv, envp);
    else errno = execute_checked(hook.path, argv, envp, *own);
  }
  const char* why = std::strerror(errno);
  (void)!write(2, why, std::strlen(why));
  _exit(127);
}

long long now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

// Reads what there is; false at its end.
bool collect(int from, std::string& output) {
  char buffer[4096];
  const ssize_t got = read(from, buffer, sizeof(buffer));
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  output.append(buffer, static_cast<std::size_t>(got));
  if (output.size() > kKeptOutput) output.erase(0, output.size() - kKeptOutput);
  return got > 0;
}

// Until the hook itself has ended: what it leaves behind may hold its output open for ever. False: time is up.
bool wait_for(int pidfd, int from, int timeout_s, std::string& output) {
  const long long end = now_ms() + timeout_s * 1000LL;
  pollfd waiting[2] = {{pidfd, POLLIN, 0}, {from, POLLIN, 0}};
  for (;;) {
    int left = -1;
    if (timeout_s > 0) left = static_cast<int>(std::clamp<long long>(end - now_ms(), 0, INT_MAX));
    const int ready = poll(waiting, 2, left);
    if (ready == 0) return false;
    if (ready < 0) continue;
    if (waiting[1].revents != 0 && !collect(from, output)) waiting[1].fd = -1;
    if (waiting[0].revents != 0) break;
  }
  // What it wrote last.
  while (waiting[1].fd >= 0 && poll(&waiting[1], 1, 0) > 0 && collect(from, output)) {
  }
  return true;
}

void replace(std::string& text, std::string_view what, const std::string& by) {
  if (const std::size_t at = text.find(what); at != std::string::npos) text.replace(at, what.size(), by);
}

}  // namespace

Result<void> run_hook(const HookStep& hook, const std::string& state, const OwnProgram* own) {
  const std::string name = "hook " + hook.path;
  TRY_SET(Fd input, as_file(state));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error(name);
  Fd from(ends[0]), to(ends[1]);
  fcntl(from.get(), F_SETFL, O_NONBLOCK);
  const std::vector<std::string> only_path = {hook.path};
  const std::vector<char*> argv = pointers(hook.args.empty() ? only_path : hook.args);
  const std::vector<char*> envp = pointers(hook.env);
  // Ignored, nobody would learn how it ended.
  signal(SIGCHLD, SIG_DFL);
  // fork(2), not clone3(2), which usual filters of startContainer's process refuse.
  const pid_t pid = fork();
  if (pid < 0) return errno_error(name);
  if (pid == 0) become(hook, input.get(), to.get(), const_cast<char**>(argv.data()), const_cast<char**>(envp.data()), own);
  to.reset();
  std::string output;
  bool in_time = true;
  if (auto pidfd = pidfd_open(pid); pidfd.ok()) {
    in_time = wait_for(pidfd->get(), from.get(), static_cast<int>(hook.timeout_s), output);
  }
  if (!in_time) {
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return errno_error(name);
  }
  if (!in_time) return fail(Code::kFailed, name + ": it has not ended within " + std::to_string(hook.timeout_s) + " s, and was killed");
  if (status == 0) return {};
  std::string text = name + ": " + (WIFSIGNALED(status) ? "killed by signal " + std::to_string(WTERMSIG(status))
                                                        : "exit code " + std::to_string(WEXITSTATUS(status)));
  if (const std::string_view said = trim(output); !said.empty()) text += ": " + std::string(said);
  return fail(Code::kFailed, std::move(text));
}

std::string state_text(std::string state, pid_t pid, const std::string& status) {
  replace(state, "@STATUS@", status);
  replace(state, "@PID@", std::to_string(pid));
  return state;
}

}  // namespace creel::engine::runtime
