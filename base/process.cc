#include "base/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/file.h"

namespace creel {

namespace {

struct ChildPlan {
  const char* path;
  char* const* argv;
  char* const* env;
  const std::pair<int, int>* fds;
  std::size_t fd_count;
  int* scratch;  // fd_count numbers
  const char* cwd;
  bool new_session;
  int parent_death_signal;
  pid_t parent;
  int report;
  int highest;
};

// What the child was doing when it failed.
enum class Step : int { kPrepare, kChangeDirectory, kExec };
struct Failure {
  int err;
  Step step;
};

// A descriptor that our own caller left open across exec is not for the helper: a monitor that lives for days would
// hold the caller's lock or pipe. vfork copies the descriptor table, so the parent's stays as it is.
void hide_unnamed(const ChildPlan& plan) noexcept {
  for (int fd = 3; fd <= plan.highest; ++fd) {
    bool named = false;
    for (std::size_t i = 0; i < plan.fd_count; ++i) named = named || plan.fds[i].second == fd;
    if (!named) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  // Linux 5.11. Before it what the caller left open is inherited, as by any program.
  ::syscall(SYS_close_range, static_cast<unsigned>(plan.highest) + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

// Child, between vfork and exec: shares the parent's memory, so it allocates nothing and returns nowhere.
[[noreturn]] void child_main(const ChildPlan& plan) noexcept {
  Step step = Step::kPrepare;
  // Signal handlers of the parent must not run here, and ignored signals must not be inherited.
  for (int sig = 1; sig < _NSIG; ++sig) {
    if (sig != SIGKILL && sig != SIGSTOP) ::signal(sig, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  int report = plan.report;
  do {
    if (plan.new_session && ::setsid() < 0) break;
    if (plan.parent_death_signal != 0 && ::prctl(PR_SET_PDEATHSIG, plan.parent_death_signal) != 0) break;
    // It died before the line above: nobody would send the signal any more.
    if (plan.parent_death_signal != 0 && ::getppid() != plan.parent) ::_exit(127);
    step = Step::kChangeDirectory;
    if (plan.cwd != nullptr && ::chdir(plan.cwd) != 0) break;
    step = Step::kPrepare;
    // First out of the way of every target number, then into place.
    bool moved = true;
    report = ::fcntl(report, F_DUPFD_CLOEXEC, plan.highest + 1);
    if (report < 0) {
      report = plan.report;
      break;
    }
    for (std::size_t i = 0; i < plan.fd_count && moved; ++i) {
      plan.scratch[i] = ::fcntl(plan.fds[i].first, F_DUPFD_CLOEXEC, plan.highest + 1);
      moved = plan.scratch[i] >= 0;
    }
    for (std::size_t i = 0; i < plan.fd_count && moved; ++i) moved = ::dup2(plan.scratch[i], plan.fds[i].second) >= 0;
    if (!moved) break;
    hide_unnamed(plan);
    step = Step::kExec;
    ::execve(plan.path, plan.argv, plan.env);
  } while (false);
  const Failure failure{errno, step};
  (void)!::write(report, &failure, sizeof failure);
  ::_exit(127);
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const auto& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

Result<Process> spawn(const SpawnRequest& request) {
  std::string path = request.path;
  if (path.find('/') == std::string::npos) {
    TRY_SET(path, find_program(path));
  }
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return errno_error("make a pipe");
  Fd report_read(report[0]), report_write(report[1]);
  auto argv = pointers(request.argv);
  std::vector<char*> env;
  if (request.env) env = pointers(*request.env);
  std::vector<int> scratch(request.fds.size());
  int highest = 2;
  for (auto [ours, theirs] : request.fds) highest = std::max(highest, theirs);
  ChildPlan plan{path.c_str(),
                 argv.data(),
                 request.env ? env.data() : environ,
                 request.fds.data(),
                 request.fds.size(),
                 scratch.data(),
                 request.cwd ? request.cwd->c_str() : nullptr,
                 request.new_session,
                 request.parent_death_signal,
                 ::getpid(),
                 report_write.get(),
                 highest};
  // Started with SIGCHLD ignored (some service managers and scripts do that), we would never learn how a child ended.
  struct sigaction child_signal {};
  if (::sigaction(SIGCHLD, nullptr, &child_signal) == 0 && child_signal.sa_handler == SIG_IGN)
    ::signal(SIGCHLD, SIG_DFL);
  // No signal may reach a handler while the child shares our memory.
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  pid_t pid = ::vfork();
  if (pid == 0) child_main(plan);
  int err = errno;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return errno_error("start " + path, err);
  report_write.reset();
  Failure failure{};
  ssize_t n;
  do {
    n = ::read(report_read.get(), &failure, sizeof failure);
  } while (n < 0 && errno == EINTR);
  if (n == sizeof failure) {
    ::waitpid(pid, nullptr, 0);
    if (failure.step != Step::kChangeDirectory) return errno_error("start " + path, failure.err);
    Error error = errno_error("start " + path + " in directory " + *request.cwd, failure.err);
    // The program is there: callers take kNotFound for "not installed".
    if (error.code == Code::kNotFound) error.code = Code::kFailed;
    return error;
  }
  auto pidfd = pidfd_open(pid);
  if (!pidfd) {
    // Out of descriptors. A child that nobody has a handle of must not go on.
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return std::move(pidfd).error();
  }
  return Process(pid, std::move(*pidfd));
}

Result<int> Process::wait() {
  int status = 0;
  pid_t r;
  do {
    r = ::waitpid(pid_, &status, 0);
  } while (r < 0 && errno == EINTR);
  if (r < 0) return errno_error("wait for process " + std::to_string(pid_));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

namespace {

// Writing to a program that does not read its input must not kill us. Blocked for this thread alone, and what the write
// raised taken back: other threads, and what the process does with SIGPIPE, are not touched.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigset_t pending;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() {
    const timespec now{};
    if (!was_pending_) {
      while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_, before_;
  bool was_pending_;
};

}  // namespace

Result<RunOutput> run_program(const std::vector<std::string>& argv, const std::string& input) {
  int in[2], out[2], err[2];
  if (::pipe2(in, O_CLOEXEC) != 0) return errno_error("make a pipe");
  Fd in_read(in[0]), in_write(in[1]);
  if (::pipe2(out, O_CLOEXEC) != 0) return errno_error("make a pipe");
  Fd out_read(out[0]), out_write(out[1]);
  if (::pipe2(err, O_CLOEXEC) != 0) return errno_error("make a pipe");
  Fd err_read(err[0]), err_write(err[1]);
  SpawnRequest request;
  request.path = argv.at(0);
  request.argv = argv;
  request.fds = {{in_read.get(), 0}, {out_write.get(), 1}, {err_write.get(), 2}};
  TRY_SET(Process process, spawn(request));
  in_read.reset();
  out_write.reset();
  err_write.reset();
  RunOutput output;
  std::string_view rest = input;
  std::optional<NoSigpipe> no_sigpipe(std::in_place);
  if (rest.empty()) in_write.reset();
  constexpr std::size_t kLimit = 1 << 20;
  while (out_read || err_read) {
    pollfd fds[3] = {{out_read.get(), POLLIN, 0}, {err_read.get(), POLLIN, 0}, {in_write.get(), POLLOUT, 0}};
    if (::poll(fds, 3, -1) < 0 && errno != EINTR) break;
    if (fds[2].revents != 0) {
      ssize_t n = ::write(in_write.get(), rest.data(), std::min<std::size_t>(rest.size(), 4096));
      if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
      if (n < 0 || rest.empty()) in_write.reset();
    }
    for (int i = 0; i < 2; ++i) {
      if (fds[i].revents == 0) continue;
      char buffer[8192];
      Fd& from = i == 0 ? out_read : err_read;
      std::string& to = i == 0 ? output.out : output.err;
      ssize_t n = ::read(from.get(), buffer, sizeof buffer);
      if (n > 0) to.append(buffer, std::min(static_cast<std::size_t>(n), kLimit - to.size()));
      if (n == 0 || (n < 0 && errno != EINTR)) from.reset();
    }
  }
  no_sigpipe.reset();
  TRY_SET(output.exit_code, process.wait());
  return output;
}

Result<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (::access(name.c_str(), X_OK) == 0) return name;
    return errno_error(name);
  }
  const char* path = std::getenv("PATH");
  std::string search = path != nullptr && *path != '\0' ? path : "/usr/local/bin:/usr/bin:/bin";
  search += ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";
  for (std::size_t begin = 0; begin <= search.size();) {
    auto end = std::min(search.find(':', begin), search.size());
    std::string candidate = search.substr(begin, end - begin) + "/" + name;
    struct stat st {};
    if (candidate[0] == '/' && ::access(candidate.c_str(), X_OK) == 0 && ::stat(candidate.c_str(), &st) == 0 &&
        S_ISREG(st.st_mode))
      return candidate;
    begin = end + 1;
  }
  return fail(Code::kNotFound, "program " + name + " not found in $PATH");
}

namespace {

std::string own_dir() {
  char buffer[4096];
  ssize_t n = ::readlink("/proc/self/exe", buffer, sizeof buffer);
  std::string path(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
  auto slash = path.rfind('/');
  return slash == std::string::npos ? "/usr/bin" : path.substr(0, slash);
}

// bin/ and libexec/creel/ hang beneath the same prefix.
std::string prefix() {
  std::string dir = own_dir();
  auto ends_with = [&](std::string_view tail) { return dir.size() >= tail.size() && dir.ends_with(tail); };
  if (ends_with("/libexec/creel")) return dir.substr(0, dir.size() - 14);
  return dir + "/..";
}

}  // namespace

Result<std::string> libexec_program(const std::string& name) {
  std::string path = prefix() + "/libexec/creel/" + name;
  if (::access(path.c_str(), X_OK) == 0) return path;
  std::string beside = own_dir() + "/" + name;
  if (::access(beside.c_str(), X_OK) == 0) return beside;
  return fail(Code::kNotFound, "program " + path + " is missing").with_hint("reinstall creel");
}

std::string share_dir() {
  return prefix() + "/share/creel";
}

namespace {

// From field `wanted` on of /proc/PID/stat, counted as in proc_pid_stat(5); empty if there is no process.
std::string stat_from(pid_t pid, int wanted) {
  auto stat = read_file("/proc/" + std::to_string(pid) + "/stat", 8192);
  if (!stat.ok()) return {};
  // The command name may hold spaces and parentheses: count fields after the last ')'.
  std::size_t at = stat->rfind(')');
  for (int field = 2; field < wanted && at != std::string::npos; ++field) at = stat->find(' ', at + 1);
  return at == std::string::npos ? std::string() : stat->substr(at + 1);
}

constexpr int kStateField = 3;
constexpr int kFlagsField = 9;
constexpr int kStartTimeField = 22;
constexpr unsigned long long kExiting = 0x4;  // PF_EXITING

}  // namespace

unsigned long long process_start_time(pid_t pid) { return std::strtoull(stat_from(pid, kStartTimeField).c_str(), nullptr, 10); }

bool is_process_ending(pid_t pid) {
  const unsigned long long flags = std::strtoull(stat_from(pid, kFlagsField).c_str(), nullptr, 10);
  return flags == 0 || (flags & kExiting) != 0;
}

ProcessState process_state(pid_t pid) {
  const std::string text = stat_from(pid, kStateField);
  if (text.size() < 3) return {};
  return {text[0], static_cast<pid_t>(std::strtol(text.c_str() + 2, nullptr, 10))};
}

const std::string& boot_id() {
  static const std::string id = [] {
    auto text = read_file("/proc/sys/kernel/random/boot_id", 128);
    std::string s = text ? *text : "unknown";
    while (!s.empty() && s.back() == '\n') s.pop_back();
    return s;
  }();
  return id;
}

Result<Fd> pidfd_open(pid_t pid) {
  long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return errno_error("open a pidfd of process " + std::to_string(pid));
  return Fd(static_cast<int>(fd));
}

Result<void> pidfd_signal(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) != 0)
    return errno_error("send signal " + std::to_string(signal));
  return {};
}

}  // namespace creel
