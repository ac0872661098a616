// stop, kill and wait. Signals go to a pidfd: a PID that was given to another process is never hit.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "base/file.h"
#include "base/process.h"
#include "base/signals.h"
#include "base/text.h"
#include "engine/container/container.h"
#include "engine/container/external_runtime.h"
#include "engine/container/state.h"
#include "engine/container/waiters.h"
#include "engine/event/event.h"
#include "engine/monitor/shared/restart.h"

namespace creel::engine {

namespace {

constexpr int kKillPatienceMs = 5000;

// Until the first process has ended, or the time is over. False: it lives.
bool wait_process(int pidfd, std::int64_t timeout_ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd entry{pidfd, POLLIN, 0};
    const int ready =
        poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(std::max<std::int64_t>(left, 0), 1 << 30)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

// The same for a container's, which `first` is.
bool wait_end(int pidfd, pid_t first, std::int64_t timeout_ms) {
  constexpr std::int64_t kLookMs = 200;
  for (std::int64_t left = timeout_ms; left > 0; left -= kLookMs) {
    if (wait_process(pidfd, std::min(left, kLookMs))) return true;
    if (is_process_ending(first)) continue_waiters(first);
  }
  return false;
}

// Whether the kernel throws the signal away: the first process of a PID namespace gets those alone that it has a handler
// for (pid_namespaces(7)).
bool is_deaf_to(pid_t first, int signal) {
  auto status = read_file("/proc/" + std::to_string(first) + "/status", 1 << 16);
  if (!status.ok() || signal == SIGKILL) return false;
  bool is_first = false, handled = true;
  for (const std::string& line : split(*status, '\n')) {
    const Cut field = cut(line, '\t');
    if (field.before == "NSpid:") is_first = line.ends_with("\t1");
    if (field.before == "SigCgt:") handled = (std::strtoull(field.after.c_str(), nullptr, 16) >> (signal - 1) & 1) != 0;
  }
  return is_first && !handled;
}

Result<void> signal_first(Engine& engine, const storage::ContainerRecord& record, const monitor::Observed& observed,
                          int pidfd, int signal) {
  auto config = config_of(record);
  // A record that cannot be read must not keep its container alive.
  return config.ok() ? signal_container(engine, *config, observed, pidfd, signal) : pidfd_signal(pidfd, signal);
}

// A monitor that is about to start its container again: it ends instead.
void end_restarts(const monitor::Observed& observed) {
  if (observed.status != monitor::Status::kRestarting || !observed.state || observed.state->monitor_pid <= 0) return;
  auto process = pidfd_open(observed.state->monitor_pid);
  if (!process.ok() || process_start_time(observed.state->monitor_pid) != observed.state->monitor_start_time) return;
  (void)pidfd_signal(process->get(), SIGTERM).ok();
}

// Until its monitor is gone. It may have begun to wait for its next start before it could know that there is to be none.
bool wait_monitor(Engine& engine, const std::string& id) {
  constexpr int kLookMs = 50;
  for (int waited = 0; waited < kKillPatienceMs; waited += kLookMs) {
    auto gone = monitor::wait_gone(engine.paths().running(id), kLookMs);
    if (gone.ok() && *gone) return true;
    end_restarts(observe(engine, id));
  }
  return false;
}

}  // namespace

void mark_stopped(Engine& engine, const std::string& id) {
  (void)open_file(engine.paths().container(id) + "/" + monitor::kStoppedMark, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600).ok();
}

Result<void> stop_container(Engine& engine, const storage::ContainerRecord& record, unsigned timeout, int signal) {
  // First, so that its monitor knows when it sees the end.
  mark_stopped(engine, record.id);
  monitor::Observed observed = observe(engine, record.id);
  // Its monitor lives and has not said yet what runs: it is about to.
  for (int tries = 0; tries < 200 && is_alive(observed) && !observed.state; ++tries) {
    usleep(10000);
    observed = observe(engine, record.id);
  }
  auto pidfd = first_process(observed);
  if (pidfd.ok()) {
    const pid_t first = observed.state ? observed.state->pid : -1;
    // What waits to become the command hears no signal.
    if (timeout > 0 && is_alive(observed)) {
      (void)signal_first(engine, record, observed, pidfd->get(), signal).ok();
      // Time enough for what has just begun to install its handlers.
      constexpr std::int64_t kSoonMs = 200;
      bool ended = wait_end(pidfd->get(), first, kSoonMs);
      if (!ended && is_deaf_to(first, signal)) {
        engine.warn("process 1 of container " + record.name + " has no handler for " + signal_name(signal) +
                    ", so it does not end by it: SIGKILL follows in " + std::to_string(timeout) +
                    " seconds (with --init, and with a time of 0, nobody waits)");
      }
      ended = ended || wait_end(pidfd->get(), first, std::int64_t{timeout} * 1000 - kSoonMs);
      if (!ended) {
        engine.warn("StopSignal " + signal_name(signal) + " failed to stop container " + record.name + " in " +
                    std::to_string(timeout) + " seconds, resorting to SIGKILL");
      }
    }
    // An ended process is not hurt by this; a living one cannot refuse it.
    (void)signal_first(engine, record, observed, pidfd->get(), SIGKILL).ok();
    if (!wait_end(pidfd->get(), first, kKillPatienceMs)) {
      return fail(Code::kFailed, "container " + record.id + " did not end within 5 seconds of SIGKILL");
    }
  }
  end_restarts(observe(engine, record.id));
  if (wait_monitor(engine, record.id)) return {};
  // The container is dead, and its monitor hangs: it can go too, the kernel keeps the books.
  const monitor::Observed after = observe(engine, record.id);
  if (after.state && after.state->monitor_pid > 0) {
    auto monitor_fd = pidfd_open(after.state->monitor_pid);
    if (monitor_fd.ok() && process_start_time(after.state->monitor_pid) == after.state->monitor_start_time) {
      (void)pidfd_signal(monitor_fd->get(), SIGKILL).ok();
      (void)wait_process(monitor_fd->get(), kKillPatienceMs);
    }
  }
  return {};
}

Result<void> stop(Engine& engine, const std::string& name, std::optional<unsigned> timeout, const std::string& with) {
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  const monitor::Observed observed = observe(engine, record.id);
  // One that does not run has been told, too: it is not started at boot.
  if (!is_active(observed)) {
    if (observed.status == monitor::Status::kExited) mark_stopped(engine, record.id);
    return {};
  }
  if (observed.status == monitor::Status::kPaused) {
    return fail(Code::kInUse, "can only stop created or running containers. " + record.id +
                                  " is in state paused: container state improper");
  }
  TRY_SET(ContainerConfig config, config_of(record));
  int signal = SIGTERM;
  if (!with.empty()) {
    TRY_SET(signal, parse_signal(with));
  } else if (auto parsed = parse_signal(config.stop_signal); parsed.ok()) {
    signal = *parsed;
  }
  TRY(stop_container(engine, record, timeout.value_or(config.stop_timeout), signal));
  record_container(engine, record, "stop");
  return {};
}

namespace {

// Whoever sends these wants it to end; it is not started again.
bool ends_container(const storage::ContainerRecord& record, int signal) {
  if (signal == SIGKILL || signal == SIGTERM) return true;
  auto config = config_of(record);
  if (!config.ok()) return false;
  auto stop = parse_signal(config->stop_signal);
  return stop.ok() && *stop == signal;
}

}  // namespace

Result<void> kill(Engine& engine, const std::string& name, const std::string& signal) {
  TRY_SET(int number, parse_signal(signal.empty() ? "KILL" : signal));
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  const monitor::Observed observed = observe(engine, record.id);
  auto pidfd = first_process(observed);
  const auto improper = [&](monitor::Status status) {
    return fail(Code::kInUse, "can only kill running containers. " + record.id + " is in state " +
                                  monitor::to_string(status) + ": container state improper");
  };
  if (!pidfd.ok() || !is_alive(observed)) return improper(observed.status);
  if (ends_container(record, number)) mark_stopped(engine, record.id);
  auto sent = signal_first(engine, record, observed, pidfd->get(), number);
  // It has ended meanwhile.
  if (!sent.ok() && sent.error().err == ESRCH) return improper(monitor::Status::kExited);
  if (!sent.ok())
    return std::move(sent).error().within("sending " + signal_name(number) + " to container " + record.id);
  record_container(engine, record, "kill");
  // After SIGKILL nothing but the end can come; whoever asks next shall see it.
  if (number == SIGKILL && wait_end(pidfd->get(), observed.state ? observed.state->pid : -1, kKillPatienceMs)) {
    (void)monitor::wait_gone(engine.paths().running(record.id), kKillPatienceMs).ok();
  }
  return {};
}

Result<int> wait(Engine& engine, const std::string& name) {
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  monitor::Observed observed = observe(engine, record.id);
  if (is_active(observed)) {
    // A --rm container's record goes with it: its exit code comes from the monitor itself.
    auto attachment = monitor::attach(engine.paths().running(record.id), false, false);
    if (attachment.ok()) {
      for (;;) {
        auto event = attachment->receive();
        if (!event.ok() || event->kind == monitor::Event::Kind::kClosed) break;
        if (event->kind == monitor::Event::Kind::kExit) {
          (void)monitor::wait_gone(engine.paths().running(record.id), kKillPatienceMs).ok();
          return event->exit_code;
        }
      }
    }
    TRY(monitor::wait_gone(engine.paths().running(record.id), -1));
    observed = observe(engine, record.id);
  }
  // What never ran does not run: 0 at once, as Podman and Docker have it.
  return observed.exit ? observed.exit->code : 0;
}

}  // namespace creel::engine
