#include "engine/monitor/process/external_runtime.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/monitor/process/external_bundle.h"
#include "engine/monitor/shared/console_socket.h"
#include "engine/monitor/shared/runtime_program.h"

namespace creel::engine::monitor {

namespace {

constexpr const char* kLog = "log";
constexpr const char* kPidFile = "pid";
constexpr const char* kConsole = "console";
constexpr std::size_t kLargestLog = 65536;
constexpr int kUnknownExit = 255;

// The container's process is an orphan when `create` has ended: it becomes this process's child. No longer than that: what the
// container leaves behind later is not ours to reap.
class Subreaper {
 public:
  Subreaper() { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
  ~Subreaper() { prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); }
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;
};

class External final : public FirstProcess {
 public:
  explicit External(const Job& job) : job_(job), program_(job.runtime.program), id_(job.id), bundle_(bundle_dir(job)) {}
  ~External() override { forget(); }
  External(const External&) = delete;
  External& operator=(const External&) = delete;

  Result<void> create(const runtime::Stdio& stdio, int cgroup);

  [[nodiscard]] pid_t pid() const override { return pid_; }
  [[nodiscard]] int pidfd() const override { return pidfd_.get(); }
  [[nodiscard]] int network_namespace() const override { return network_namespace_.get(); }
  void placed() override {}
  Result<void> wait_ready(const Job&) override { return {}; }
  Fd take_terminal() override { return std::move(terminal_); }
  Result<void> go() override;
  int end() override;

 private:
  Result<void> command(const std::vector<std::string>& words, const runtime::Stdio& stdio);
  void forget();

  const Job& job_;
  RuntimeProgram program_;
  std::string id_, bundle_;
  bool created_ = false;
  pid_t pid_ = -1;
  Fd pidfd_, terminal_, network_namespace_;
  Fd root_;  // held until this process ends
};

// In the bundle's directory: names of files stay short, whatever a socket's name may be at most.
Result<void> External::command(const std::vector<std::string>& words, const runtime::Stdio& stdio) {
  TRY_SET(Fd null, open_file("/dev/null", O_RDWR));
  auto or_null = [&](int fd) { return fd >= 0 ? fd : null.get(); };
  SpawnRequest request;
  request.path = program_.path;
  request.argv = runtime_argv(program_, kLog, words);
  request.env = runtime_environment();
  request.fds = {{or_null(stdio.in), 0}, {or_null(stdio.out), 1}, {or_null(stdio.err), 2}};
  request.cwd = bundle_;
  // Runtimes make directories in the container with the mask that they are started with.
  const mode_t mask = umask(0022);
  auto process = spawn(request);
  umask(mask);
  if (!process.ok()) return std::move(process).error().within("OCI runtime " + program_.name);
  TRY_SET(const int code, process->wait());
  if (code == 0) return {};
  auto log = read_file(bundle_ + "/" + kLog, kLargestLog);
  return runtime_error(program_, words.front(), log.ok() ? *log : std::string(), {}, code);
}

Result<void> External::create(const runtime::Stdio& stdio, int cgroup) {
  // Of a monitor that was killed.
  if (path_exists(program_.state_root + "/" + id_)) (void)command({"delete", "--force", id_}, {}).ok();
  std::vector<std::string> words = {"create", "--bundle", bundle_, "--pid-file", kPidFile};
  ConsoleSocket console;
  const bool terminal = job_.plan.process.terminal;
  if (terminal) {
    TRY_SET(console, ConsoleSocket::listen(bundle_, kConsole));
    words.insert(words.end(), {"--console-socket", kConsole});
  }
  words.push_back(id_);
  const Subreaper subreaper;
  created_ = true;
  TRY(command(words, terminal ? runtime::Stdio{} : stdio));
  TRY_SET(const std::string text, read_file(bundle_ + "/" + kPidFile, 64));
  TRY_SET(const std::int64_t pid, parse_int(trim(text), "the runtime's pid file"));
  pid_ = static_cast<pid_t>(pid);
  // A child of ours that nobody has waited for: the number cannot have been given away.
  TRY_SET(pidfd_, pidfd_open(pid_));
  if (cgroup >= 0) {
    TRY_SET(Fd processes, open_at(cgroup, "cgroup.procs", O_WRONLY));
    auto moved = write_all(processes.get(), std::to_string(pid_));
    if (!moved.ok()) return std::move(moved).error().within("placing the container in its control group");
  }
  if (terminal) {
    TRY_SET(terminal_, console.receive());
  }
  if (!job_.network.argv.empty()) {
    TRY_SET(network_namespace_, open_file("/proc/" + std::to_string(pid_) + "/ns/net", O_RDONLY));
  }
  return {};
}

Result<void> External::go() {
  return command({"start", id_}, {});
}

int External::end() {
  siginfo_t info{};
  if (waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0) {
    // Not our child: the runtime keeps it. Its end can be seen, its exit code cannot.
    pollfd ended{pidfd_.get(), POLLIN, 0};
    while (poll(&ended, 1, -1) < 0 && errno == EINTR) {
    }
  }
  pidfd_.reset();
  forget();
  if (info.si_pid == 0) return kUnknownExit;
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

void External::forget() {
  if (!std::exchange(created_, false)) return;
  if (pidfd_.valid()) (void)pidfd_signal(pidfd_.get(), SIGKILL).ok();
  (void)command({"delete", "--force", id_}, {}).ok();
  root_ = remove_bundle(job_);
}

}  // namespace

Result<std::unique_ptr<FirstProcess>> create_by_runtime(const Job& job, const runtime::Stdio& stdio, int cgroup) {
  TRY(make_dirs(job.runtime.program.state_root, 0700));
  auto out = std::make_unique<External>(job);
  auto made = make_bundle(job);
  if (!made.ok()) {
    (void)remove_bundle(job);
    return std::move(made).error();
  }
  TRY(out->create(stdio, cgroup));
  return std::unique_ptr<FirstProcess>(std::move(out));
}

}  // namespace creel::engine::monitor
