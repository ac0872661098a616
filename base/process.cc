#include "base/process.h"

#include <fcntl.h>
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
  int report;
  int highest;
};

// Child, between vfork and exec: shares the parent's memory, so it allocates nothing and returns nowhere.
[[noreturn]] void child_main(const ChildPlan& plan) noexcept {
  int err = 0;
  // Signal handlers of the parent must not run here, and ignored signals must not be inherited.
  for (int sig = 1; sig < 32; ++sig) {
    if (sig != SIGKILL && sig != SIGSTOP) ::signal(sig, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  int report = plan.report;
  do {
    if (plan.new_session && ::setsid() < 0) break;
    if (plan.parent_death_signal != 0 && ::prctl(PR_SET_PDEATHSIG, plan.parent_death_signal) != 0) break;
    if (plan.cwd != nullptr && ::chdir(plan.cwd) != 0) break;
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
    ::execve(plan.path, plan.argv, plan.env);
  } while (false);
  err = errno;
  (void)!::write(report, &err, sizeof err);
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
                 report_write.get(),
                 highest};
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
  int child_err = 0;
  ssize_t n;
  do {
    n = ::read(report_read.get(), &child_err, sizeof child_err);
  } while (n < 0 && errno == EINTR);
  if (n == sizeof child_err) {
    ::waitpid(pid, nullptr, 0);
    return errno_error("start " + path, child_err);
  }
  TRY_SET(Fd pidfd, pidfd_open(pid));
  return Process(pid, std::move(pidfd));
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
  struct sigaction ignore {}, before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
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
      if (n > 0 && to.size() < kLimit) to.append(buffer, static_cast<std::size_t>(n));
      if (n == 0 || (n < 0 && errno != EINTR)) from.reset();
    }
  }
  ::sigaction(SIGPIPE, &before, nullptr);
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

std::string share_dir() { return prefix() + "/share/creel"; }

unsigned long long process_start_time(pid_t pid) {
  auto stat = read_file("/proc/" + std::to_string(pid) + "/stat", 8192);
  if (!stat) return 0;
  // The command name may hold spaces and parentheses: count fields after the last ')'.
  auto at = stat->rfind(')');
  if (at == std::string::npos) return 0;
  const char* p = stat->c_str() + at + 1;
  for (int field = 2; field < 21 && p != nullptr; ++field) p = std::strchr(p + 1, ' ');
  return p == nullptr ? 0 : std::strtoull(p + 1, nullptr, 10);
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
