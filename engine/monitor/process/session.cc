#include "engine/monitor/process/session.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "base/timing.h"
#include "base/unix_socket.h"
#include "engine/monitor/process/clock.h"
#include "engine/monitor/process/event_line.h"
#include "engine/monitor/process/termination.h"
#include "engine/monitor/shared/liveness.h"

namespace creel::engine::monitor {

namespace {

// How long a client may take to say that it removes a --rm container.
constexpr int kCleanupPatienceMs = 1000;

void set_nonblocking(int fd) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

Result<void> make_pipe(Fd& read, Fd& write) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a pipe");
  read = Fd(ends[0]);
  write = Fd(ends[1]);
  return {};
}

// Handler: who ends this process (the end of a login session, a shutdown) means the container, and wants it to have the
// time that its own end takes. SIGKILL is still there.
volatile sig_atomic_t terminated_pidfd = -1;
volatile sig_atomic_t termination_asked = 0;
void pass_on(int number) {
  const int saved = errno;
  termination_asked = 1;
  if (terminated_pidfd >= 0) syscall(SYS_pidfd_send_signal, static_cast<int>(terminated_pidfd), number, nullptr, 0);
  errno = saved;
}

}  // namespace

void pass_on_termination(int pidfd) {
  terminated_pidfd = pidfd;
  struct sigaction action {};
  action.sa_handler = pass_on;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
}

bool is_termination_asked() { return termination_asked != 0; }

Session::Session(Job job, std::vector<Fd> preserved, Fd starter, bool starter_attached)
    : job_(std::move(job)), preserved_(std::move(preserved)) {
  Client client;
  client.socket = std::move(starter);
  client.wants_start = true;
  client.wants_output = starter_attached;
  client.wants_stdin = starter_attached && job_.open_stdin;
  clients_.push_back(std::move(client));
}

Result<void> Session::prepare() {
  if (!lock_.valid()) {
    TRY_SET(lock_, take_monitor_lock(job_.running_dir));
    TRY_SET(container_dir_, open_file(job_.container_dir, O_RDONLY | O_DIRECTORY));
    TRY_SET(running_dir_, open_file(job_.running_dir, O_RDONLY | O_DIRECTORY));
  }
  note_time("monitor: job taken");
  TRY_SET(log_, LogWriter::open(job_.log_driver, job_.log_path, job_.log_max_size, job_.log_max_files, job_.journal_fields));
  TRY_SET(notifier_, Notifier::open(job_.notify, running_dir_.get()));

  Fd child_in, child_out, child_err;
  if (!job_.plan.process.terminal) TRY(prepare_stdio(child_in, child_out, child_err));
  TRY(begin_placement());
  runtime::InitOptions options;
  options.cgroup = placement_.clone_into();
  const std::size_t count = job_.plan.process.preserve_fds.size();
  for (std::size_t i = 0; i < count; ++i) options.preserved.push_back(preserved_[i].get());
  TRY_SET(first_, make_first_process(job_, {child_in.get(), child_out.get(), child_err.get()}, options));
  preserved_.clear();
  note_time("monitor: first process cloned");
  // Beside the container's own preparations, not after them.
  TRY_SET(network_, NetworkHelper::start(job_.network, job_.running_dir, first_->network_namespace()));
  TRY(finish_placement());
  first_->placed();
  note_time("monitor: control group made");
  TRY(listen_for_clients());
  TRY(first_->wait_ready(job_));
  note_time("monitor: mounts made, rights dropped");
  TRY(network_.wait_ready(job_.network, job_.running_dir));
  if (!job_.network.argv.empty()) note_time("monitor: network joined");
  if (job_.plan.process.terminal) {
    terminal_ = first_->take_terminal();
    if (!terminal_.valid()) return fail(Code::kFailed, "the container made no terminal");
    terminal_side_ = Fd(ioctl(terminal_.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!terminal_side_.valid()) return errno_error("opening the container's terminal");
  }
  for (Fd* fd : {&out_, &err_, &in_, &terminal_}) {
    if (fd->valid()) set_nonblocking(fd->get());
  }
  return {};
}

void Session::note_time(const char* done) {
  if (job_.timing) timing_ += timing::line(done);
}

Result<void> Session::prepare_stdio(Fd& child_in, Fd& child_out, Fd& child_err) {
  if (job_.log_driver == LogDriver::kPassthrough) {
    // The last three that came.
    if (preserved_.size() < 3) return fail(Code::kFailed, "the caller's standard descriptors did not come");
    Fd* const last = &preserved_[preserved_.size() - 3];
    passed_through_.clear();
    for (int i = 0; i < 3 && job_.restart.rule != RestartRule::kNo; ++i) {
      passed_through_.emplace_back(fcntl(last[i].get(), F_DUPFD_CLOEXEC, 0));
      if (!passed_through_.back().valid()) return errno_error("keeping the caller's standard descriptors");
    }
    child_in = std::move(last[0]);
    child_out = std::move(last[1]);
    child_err = std::move(last[2]);
    return {};
  }
  TRY(make_pipe(out_, child_out));
  TRY(make_pipe(err_, child_err));
  if (job_.open_stdin) return make_pipe(child_in, in_);
  TRY_SET(child_in, open_file("/dev/null", O_RDONLY));
  return {};
}

Result<void> Session::listen_for_clients() {
  if (listener_.valid()) return {};
  unlinkat(running_dir_.get(), "attach", 0);
  auto listener = listen_unix(running_dir_.get(), "attach", SOCK_SEQPACKET | SOCK_NONBLOCK, 16);
  if (!listener.ok()) return std::move(listener).error().within(job_.running_dir);
  listener_ = std::move(*listener);
  return {};
}

Result<void> Session::start_recorded() {
  // From here a death without a record is told from never having run.
  TRY(write_atomic_at(container_dir_.get(), "started",
                      state_.boot_id + " " + std::to_string(state_.started_ns) + "\n"));
  unlinkat(container_dir_.get(), "exit", 0);
  if (!job_.pidfile.empty()) TRY(write_atomic(job_.pidfile, std::to_string(state_.pid), 0644));
  if (!job_.conmon_pidfile.empty()) TRY(write_atomic(job_.conmon_pidfile, std::to_string(getpid()), 0644));
  unlinkat(running_dir_.get(), kEventHead, 0);
  TRY_SET(prober_, Prober::begin(job_.health, running_dir_.get()));
  // The record first: whoever sees the container's first effect can also see that it runs.
  TRY(write_atomic_at(running_dir_.get(), "state", encode(state_)));
  // Who stops it leaves a mark, and then looks whether it runs: one of the two sees the other.
  if (restarted_ && (is_termination_asked() || stopped_by_user())) return fail(Code::kInUse, "the container was stopped");
  return first_->go();
}

void Session::note_processes() {
  state_.pid = first_->pid();
  state_.start_time = process_start_time(first_->pid());
  state_.monitor_pid = getpid();
  state_.monitor_start_time = process_start_time(getpid());
  state_.boot_id = boot_id();
}

Result<pid_t> Session::start() {
  state_.restarting = state_.initialized = false;
  note_processes();
  state_.started_ns = now_ns();
  state_.has_health = job_.health.check.exists();
  const auto last_started = read_file_at(container_dir_.get(), "started", 4096);
  const auto last_exit = read_file_at(container_dir_.get(), "exit", 65536);
  auto gone = start_recorded();
  if (!gone.ok()) {
    // It has not run: how it ended the last time is still true.
    unlinkat(running_dir_.get(), "state", 0);
    if (last_exit.ok()) (void)write_atomic_at(container_dir_.get(), "exit", *last_exit).ok();
    if (last_started.ok()) {
      (void)write_atomic_at(container_dir_.get(), "started", *last_started).ok();
    } else {
      unlinkat(container_dir_.get(), "started", 0);
    }
    for (const std::string& file : {job_.pidfile, job_.conmon_pidfile}) {
      if (!file.empty()) unlink(file.c_str());
    }
    return std::move(gone).error();
  }
  pass_on_termination(first_->pidfd());
  began_ns_ = monotonic_ns();
  notifier_.running();
  note_time("monitor: command started");
  // Nothing of the plan is needed any more, and this process may live for months.
  runtime::CgroupPlan group = std::move(job_.plan.cgroup);
  group.resources = {};
  job_.plan = {};
  job_.plan.cgroup = std::move(group);
  job_.health = {};
  job_.runtime.config_before_user = {};
  job_.runtime.config_after_user = {};
  return state_.pid;
}

void Session::abandon_run() {
  if (first_) {
    (void)pidfd_signal(first_->pidfd(), SIGKILL).ok();
    (void)first_->end();
  }
  prober_.end();
  leave_control_group();
  network_.stop(!job_.network.port_requests.empty());
  if (running_dir_.valid()) unlinkat(running_dir_.get(), "slirp.sock", 0);
}

void Session::abandon() {
  abandon_run();
  if (running_dir_.valid()) unlinkat(running_dir_.get(), "attach", 0);
  // Before the error is told: the next start must not find this one.
  lock_.reset();
}

void Session::write_exit() {
  ExitRecord record;
  record.code = exit_code_;
  record.started_ns = state_.started_ns;
  record.finished_ns = now_ns();
  record.oom_killed = oom_killed_;
  record.error = exit_error_;
  record.restarts = state_.restarts;
  const auto durability = job_.keep_record ? Durability::kSynced : Durability::kVolatile;
  (void)write_atomic_at(container_dir_.get(), "exit", encode(record), 0600, durability).ok();
}

void Session::remove_run_files() {
  for (const char* name : {"state", "attach", "slirp.sock"}) unlinkat(running_dir_.get(), name, 0);
}

void Session::clean_up(Cleanup done) {
  if (done == Cleanup::kForgotten) {
    // No record names them any more. What stays after a kill here, the next collection finds.
    for (const std::string& path : {job_.container_dir, job_.running_dir}) {
      const std::size_t slash = path.rfind('/');
      auto parent = open_file(path.substr(0, slash), O_RDONLY | O_DIRECTORY);
      if (parent.ok()) (void)remove_tree_at(parent->get(), path.substr(slash + 1)).ok();
    }
    return;
  }
  SpawnRequest request;
  request.path = job_.cleanup_argv.front();
  request.argv = job_.cleanup_argv;
  if (auto process = spawn(request); process.ok()) (void)process->wait().ok();
}

// It may have another name by now than when it was started.
void Session::note_end() {
  auto head = read_file_at(running_dir_.get(), kEventHead, 65536);
  append_event(job_.event_log, head.ok() ? *head : job_.event_head,
               "\"Status\":\"died\",\"ContainerExitCode\":" + std::to_string(exit_code_));
}

void Session::end_run() {
  pass_on_termination(-1);
  exit_code_ = first_->end();
  prober_.end();
  answer_probes(ProbeResult::kUnable);
  leave_control_group();
  network_.stop(!job_.network.port_requests.empty());
  note_end();
  // Durable before anybody can know. Of a --rm container nobody will: its end goes to who is attached, and its record away.
  if (!wants_cleanup()) write_exit();
}

void Session::finish() {
  accept_clients();
  listener_.reset();
  const bool want_cleanup = wants_cleanup();
  if (!want_cleanup) remove_run_files();
  log_.end(state_.started_ns, exit_code_);
  const std::int32_t code = exit_code_;
  for (Client& client : clients_) {
    client.unsent.push_back({Type::kExit, std::string(reinterpret_cast<const char*>(&code), sizeof(code))});
    send_unsent(client);
  }
  forget_dropped();
  // With --rm somebody must tidy up: an attached client that says so, else this process. One that is stopped, or writes
  // to a pager, has had its chance.
  Cleanup done = Cleanup::kNobody;
  if (want_cleanup) {
    done = part_from_clients(true, kCleanupPatienceMs);
    if (done != Cleanup::kForgotten) {
      write_exit();
      remove_run_files();
    }
  }
  // The kernel releases it only with the last copy, and the next processes get copies.
  lock_.reset();
  if (want_cleanup) clean_up(done);
  if (!stalled()) return;
  // `stop` and `wait` wait for the end of this process; a client that reads slowly is no reason to make them.
  if (fork() > 0) return;
  signal(SIGTERM, SIG_DFL);
  (void)part_from_clients(false, -1);
}

}  // namespace creel::engine::monitor
