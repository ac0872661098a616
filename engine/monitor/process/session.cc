#include "engine/monitor/process/session.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/monitor/shared/liveness.h"

namespace creel::engine::monitor {

namespace {

void set_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

Result<void> make_pipe(Fd& read, Fd& write) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a pipe");
  read = Fd(ends[0]);
  write = Fd(ends[1]);
  return {};
}

}  // namespace

Session::Session(Job job, Fd starter, bool starter_attached) : job_(std::move(job)) {
  Client client;
  client.socket = std::move(starter);
  client.wants_output = starter_attached;
  client.wants_stdin = starter_attached && job_.open_stdin;
  clients_.push_back(std::move(client));
}

Result<void> Session::prepare() {
  TRY_SET(lock_, take_monitor_lock(job_.running_dir));
  TRY_SET(container_dir_, open_file(job_.container_dir, O_RDONLY | O_DIRECTORY));
  TRY_SET(running_dir_, open_file(job_.running_dir, O_RDONLY | O_DIRECTORY));
  TRY_SET(log_, LogWriter::open(job_.log_driver, job_.log_path, job_.log_max_size, job_.log_max_files));

  Fd child_in, child_out, child_err;
  if (!job_.plan.process.terminal) {
    TRY(make_pipe(out_, child_out));
    TRY(make_pipe(err_, child_err));
    if (job_.open_stdin) {
      TRY(make_pipe(child_in, in_));
    } else {
      TRY_SET(child_in, open_file("/dev/null", O_RDONLY));
    }
  }
  TRY_SET(init_, runtime::clone_init(job_.plan, {child_in.get(), child_out.get(), child_err.get()}));
  // Beside the container's own preparations, not after them.
  TRY_SET(network_, NetworkHelper::start(job_.network, job_.running_dir, init_.pid()));
  TRY(listen_for_clients());
  TRY(init_.wait_ready(job_.plan));
  TRY(network_.wait_ready(job_.network, job_.running_dir));
  if (job_.plan.process.terminal) {
    terminal_ = init_.take_terminal();
    if (!terminal_.valid()) return fail(Code::kFailed, "the container made no terminal");
  }
  for (Fd* fd : {&out_, &err_, &in_, &terminal_}) {
    if (fd->valid()) set_nonblocking(fd->get());
  }
  return {};
}

Result<void> Session::listen_for_clients() {
  listener_ = Fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener_.valid()) return errno_error("making a socket");
  // A socket's name has 108 bytes; the directory's may be longer.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(running_dir_.get()) + "/attach";
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  unlinkat(running_dir_.get(), "attach", 0);
  if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(listener_.get(), 16) != 0) {
    return errno_error("making socket " + job_.running_dir + "/attach");
  }
  return {};
}

Result<pid_t> Session::start() {
  state_.pid = init_.pid();
  state_.start_time = process_start_time(init_.pid());
  state_.monitor_pid = getpid();
  state_.monitor_start_time = process_start_time(getpid());
  state_.boot_id = boot_id();
  state_.started_ns = now_ns();
  // From here a death without a record is told from never having run.
  TRY_SET(Fd started, open_at(container_dir_.get(), "started", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  TRY(write_all(started.get(), state_.boot_id + " " + std::to_string(state_.started_ns) + "\n"));
  unlinkat(container_dir_.get(), "exit", 0);
  if (!job_.pidfile.empty()) TRY(write_atomic(job_.pidfile, std::to_string(state_.pid), 0644));
  if (!job_.conmon_pidfile.empty()) TRY(write_atomic(job_.conmon_pidfile, std::to_string(getpid()), 0644));
  // The record first: whoever sees the container's first effect can also see that it runs.
  TRY(write_atomic_at(running_dir_.get(), "state", encode(state_)));
  auto gone = init_.go();
  if (!gone.ok()) {
    unlinkat(running_dir_.get(), "state", 0);
    unlinkat(container_dir_.get(), "started", 0);
    return std::move(gone).error();
  }
  return state_.pid;
}

void Session::abandon() {
  if (init_.pidfd() >= 0) {
    (void)pidfd_signal(init_.pidfd(), SIGKILL).ok();
    siginfo_t info{};
    waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(init_.pidfd()), &info, WEXITED);
  }
  network_.stop();
  if (running_dir_.valid()) {
    unlinkat(running_dir_.get(), "attach", 0);
    unlinkat(running_dir_.get(), "slirp.sock", 0);
  }
}

void Session::write_exit() {
  ExitRecord record;
  record.code = exit_code_;
  record.started_ns = state_.started_ns;
  record.finished_ns = now_ns();
  const auto durability = job_.keep_record ? Durability::kSynced : Durability::kVolatile;
  (void)write_atomic_at(container_dir_.get(), "exit", encode(record), 0600, durability).ok();
  unlinkat(running_dir_.get(), "state", 0);
  unlinkat(running_dir_.get(), "attach", 0);
  unlinkat(running_dir_.get(), "slirp.sock", 0);
}

void Session::finish() {
  siginfo_t info{};
  waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(init_.pidfd()), &info, WEXITED);
  exit_code_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  network_.stop();
  listener_.reset();
  // Durable before anybody can know.
  write_exit();
  flush_clients();
  const std::int32_t code = exit_code_;
  std::string_view bytes(reinterpret_cast<const char*>(&code), sizeof(code));
  bool taken = false;
  for (Client& client : clients_) {
    if (!client.wants_output || !send_packet(client.socket.get(), Type::kExit, bytes)) continue;
    // With --rm somebody must tidy up: an attached client that says so, else this process.
    while (!job_.keep_record && !taken) {
      auto packet = receive_packet(client.socket.get());
      if (!packet.ok() || packet->closed) break;
      taken = packet->type == Type::kTakeCleanup;
    }
  }
  if (job_.keep_record || taken || job_.cleanup_argv.empty()) return;
  lock_.reset();
  SpawnRequest request;
  request.path = job_.cleanup_argv.front();
  request.argv = job_.cleanup_argv;
  if (auto process = spawn(request); process.ok()) (void)process->wait().ok();
}

}  // namespace creel::engine::monitor
