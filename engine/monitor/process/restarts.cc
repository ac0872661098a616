// Session: starting the container again when it has ended.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/monitor/process/clock.h"
#include "engine/monitor/process/job_receiver.h"
#include "engine/monitor/process/quiet.h"
#include "engine/monitor/process/session.h"
#include "engine/monitor/process/termination.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::monitor {

bool Session::stopped_by_user() const { return faccessat(container_dir_.get(), kStoppedMark, F_OK, 0) == 0; }

void Session::mark_stopped() {
  (void)open_at(container_dir_.get(), kStoppedMark, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600).ok();
}

// For a --rm container, which a command could not first stop and then start.
void Session::restart_on_demand(Client& client, std::string_view data) {
  RestartRequest request;
  if (data.size() != sizeof request || !first_) return;
  std::memcpy(&request, data.data(), sizeof request);
  client.wants_restart = restart_asked_ = restart_at_once_ = true;
  begin_end(request.signal > 0 ? request.signal : job_.restart.stop_signal, request.timeout_s);
}

void Session::answer_restarts(const Error* error) {
  for (Client& client : clients_) {
    if (!client.wants_restart || !client.socket.valid()) continue;
    client.wants_restart = false;
    client.unsent.push_back({error != nullptr ? Type::kError : Type::kRestarted, error != nullptr ? runtime::encode(*error) : std::string()});
    send_unsent(client);
  }
}

bool Session::run_again() {
  for (;;) {
    if (!restart_asked_ && !wants_restart(job_.restart, exit_code_, state_.restarts)) return false;
    if (job_.restart.program.empty() || is_termination_asked() || stopped_by_user()) return false;
    // One that a health check has ended is no failure of the policy's.
    const bool counts = !restart_asked_;
    if (!restart_at_once_ && !pause_before_restart()) return false;
    if (counts) ++state_.restarts;
    auto done = restart();
    answer_restarts(done.ok() ? nullptr : &done.error());
    if (done.ok()) return true;
    if (is_termination_asked() || stopped_by_user()) return false;
    abandon_run();
    exit_code_ = done.error().code == Code::kCommandAbsent ? 127 : done.error().code == Code::kCannotInvoke ? 126 : 125;
    exit_error_ = done.error().text;
    began_ns_ = monotonic_ns();
    if (!wants_cleanup()) write_exit();
  }
}

bool Session::pause_before_restart() {
  last_pause_ns_ = restart_pause_ns(last_pause_ns_, monotonic_ns() - began_ns_);
  const std::int64_t end = monotonic_ns() + last_pause_ns_;
  StateRecord waiting;
  waiting.restarting = true;
  waiting.monitor_pid = state_.monitor_pid;
  waiting.monitor_start_time = state_.monitor_start_time;
  waiting.boot_id = state_.boot_id;
  waiting.started_ns = state_.started_ns;
  waiting.has_health = state_.has_health;
  waiting.restarts = state_.restarts;
  state_ = waiting;
  if (!write_atomic_at(running_dir_.get(), "state", encode(state_), 0600, Durability::kVolatile).ok()) return false;
  const Quiet quiet;
  for (;;) {
    if (is_termination_asked() || stopped_by_user()) return false;
    const std::int64_t left = end - monotonic_ns();
    if (left <= 0) return true;
    const timespec patience{left / 1'000'000'000, left % 1'000'000'000};
    serve_clients(&patience, quiet.before());
  }
}

// What belonged to the run that is over.
void Session::forget_run() {
  for (Fd* fd : {&out_, &err_, &in_, &terminal_, &terminal_side_}) fd->reset();
  terminal_hung_up_ = oom_killed_ = stdin_ends_ = restart_asked_ = restart_at_once_ = false;
  stdin_pending_.clear();
  exit_error_.clear();
  kill_at_ns_.reset();
  first_.reset();
  watch_.reset();
  placement_ = {};
  network_ = {};
}

Result<void> Session::restart() {
  forget_run();
  restarted_ = true;
  // A program of its own computes the job, as at every start: what the container is may have changed, and what it needs of the
  // host. This process neither reads JSON nor opens a database.
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno_error("making a socket pair");
  const Fd ours(ends[0]);
  Fd theirs(ends[1]);
  TRY_SET(const Fd null, open_file("/dev/null", O_RDWR));
  SpawnRequest request;
  request.path = job_.restart.program.front();
  request.argv = job_.restart.program;
  for (int i = 0; i < 3; ++i) {
    const bool passes = passed_through_.size() == 3;
    request.fds.emplace_back(passes ? passed_through_[static_cast<std::size_t>(i)].get() : null.get(), i);
  }
  request.fds.emplace_back(theirs.get(), 3);
  TRY_SET(Process helper, spawn(request));
  theirs.reset();
  auto started = [&]() -> Result<void> {
    TRY_SET(ReceivedJob received, receive_job(ours.get()));
    if (!received.given) return fail(Code::kFailed, "what computes the container's next start was killed");
    job_ = std::move(received.job);
    preserved_ = std::move(received.descriptors);
    TRY(prepare());
    TRY_SET(const pid_t first, start());
    const std::int32_t pid = first;
    const std::string_view bytes(reinterpret_cast<const char*>(&pid), sizeof pid);
    send_packet(ours.get(), Type::kStarted, bytes);
    // Who is attached passes its signals on to it.
    deliver(Type::kStarted, bytes);
    return {};
  }();
  if (!started.ok()) {
    send_packet(ours.get(), Type::kError, runtime::encode(started.error()));
    abandon_run();
    first_.reset();
  } else if (is_termination_asked()) {
    // Before anybody was there to pass it on to.
    (void)pidfd_signal(first_->pidfd(), SIGTERM).ok();
  }
  (void)helper.wait().ok();
  return started;
}

}  // namespace creel::engine::monitor
