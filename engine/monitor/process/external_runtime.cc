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

constexpr const char* kPidFile = "pid";
constexpr const char* kConsole = "console";
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

  Result<void> create(const runtime::Stdio& stdio, const runtime::InitOptions& options);

  [[nodiscard]] pid_t pid() const override { return pid_; }
  [[nodiscard]] int pidfd() const override { return pidfd_.get(); }
  [[nodiscard]] int network_namespace() const override { return network_namespace_.get(); }
  void placed() override {}
  Result<void> wait_ready(const Job&) override { return {}; }
  Fd take_terminal() override { return std::move(terminal_); }
  Result<void> go() override;
  int end() override;

 private:
  Result<void> command(const std::vector<std::string>& words) { return call_runtime(program_, words, bundle_, {}); }
  void forget();

  const Job& job_;
  RuntimeProgram program_;
  std::string id_, bundle_;
  bool created_ = false;
  pid_t pid_ = -1;
  Fd pidfd_, terminal_, network_namespace_;
  Fd root_;  // held until this process ends
};

Result<void> External::create(const runtime::Stdio& stdio, const runtime::InitOptions& options) {
  // Of a monitor that was killed.
  if (path_exists(program_.state_root + "/" + id_)) (void)command({"delete", "--force", id_}).ok();
  std::vector<std::string> words = {"create", "--bundle", bundle_, "--pid-file", kPidFile};
  ConsoleSocket console;
  const bool terminal = job_.plan.process.terminal;
  if (terminal) {
    TRY_SET(console, ConsoleSocket::listen(bundle_, kConsole));
    words.insert(words.end(), {"--console-socket", kConsole});
  }
  std::vector<std::pair<int, int>> passed;
  const std::vector<std::uint32_t>& numbers = job_.plan.process.preserve_fds;
  for (std::size_t i = 0; i < numbers.size(); ++i) passed.emplace_back(options.preserved[i], static_cast<int>(numbers[i]));
  add_preserved(numbers, words);
  words.push_back(id_);
  const Subreaper subreaper;
  created_ = true;
  TRY(call_runtime(program_, words, bundle_, terminal ? runtime::Stdio{} : stdio, passed));
  TRY_SET(const std::string text, read_file(bundle_ + "/" + kPidFile, 64));
  TRY_SET(const std::int64_t pid, parse_int(trim(text), "the runtime's pid file"));
  pid_ = static_cast<pid_t>(pid);
  // A child of ours that nobody has waited for: the number cannot have been given away.
  TRY_SET(pidfd_, pidfd_open(pid_));
  if (options.cgroup >= 0) {
    TRY_SET(Fd processes, open_at(options.cgroup, "cgroup.procs", O_WRONLY));
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
  return command({"start", id_});
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
  (void)command({"delete", "--force", id_}).ok();
  root_ = remove_bundle(job_);
}

}  // namespace

Result<std::unique_ptr<FirstProcess>> create_by_runtime(const Job& job, const runtime::Stdio& stdio,
                                                        const runtime::InitOptions& options) {
  TRY(make_dirs(job.runtime.program.state_root, 0700));
  auto out = std::make_unique<External>(job);
  auto made = make_bundle(job);
  if (!made.ok()) {
    (void)remove_bundle(job);
    return std::move(made).error();
  }
  TRY(out->create(stdio, options));
  return std::unique_ptr<FirstProcess>(std::move(out));
}

}  // namespace creel::engine::monitor
