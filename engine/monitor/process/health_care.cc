// Session: the container's health check beside all else.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/process.h"
#include "engine/monitor/process/clock.h"
#include "engine/monitor/process/session.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::monitor {

int Session::patience_ms() const {
  int patience = prober_.patience_ms();
  for (const auto& end_ns : {kill_at_ns_, deadline_ns_}) {
    if (end_ns) patience = patience < 0 ? ms_until(*end_ns) : std::min(patience, ms_until(*end_ns));
  }
  return patience;
}

void Session::watch_health() {
  for (auto* end_ns : {&kill_at_ns_, &deadline_ns_}) {
    if (!*end_ns || monotonic_ns() < **end_ns) continue;
    end_ns->reset();
    (void)pidfd_signal(first_->pidfd(), SIGKILL).ok();
  }
  if (prober_.due()) probe_now();
}

void Session::probe_now() {
  if (!first_ || !prober_.exists()) return answer_probes(ProbeResult::kUnable);
  // Another command has made it stand still, and says so in the record.
  auto text = read_file_at(running_dir_.get(), "state", 4096);
  const auto state = text.ok() ? decode_state(*text) : std::nullopt;
  if (state && state->paused) {
    prober_.pass_over();
    return answer_probes(ProbeResult::kUnable);
  }
  ProbeRequest request;
  request.running_dir = running_dir_.get();
  request.pidfd = first_->pidfd();
  request.pid = first_->pid();
  request.group = &job_.plan.cgroup;
  request.cgroup = state_.cgroup;
  request.event_log = job_.event_log;
  request.event_head = job_.event_head;
  if (!prober_.run(std::move(request))) answer_probes(ProbeResult::kUnable);
}

void Session::take_probe() {
  const ProbeReport report = prober_.finish();
  answer_probes(report.result);
  if (report.healthy) notifier_.healthy();
  if (report.action != HealthAction::kNone) end_by_health(report.action);
}

// What `update` wants.
Result<void> Session::take_change(int memory) {
  if (memory < 0 || lseek(memory, 0, SEEK_SET) != 0) return errno_error("reading what is to change");
  TRY_SET(const std::string bytes, read_all(memory));
  TRY_SET(LifeChange change, decode_life_change(bytes));
  job_.restart = std::move(change.restart);
  // One that does not run has its check with its next job.
  if (!change.with_health || !first_ || state_.initialized || state_.restarting) return {};
  TRY(prober_.change(change.health, running_dir_.get()));
  auto text = read_file_at(running_dir_.get(), "state", 4096);
  auto state = text.ok() ? decode_state(*text) : std::nullopt;
  if (!state) return {};
  state->has_health = state_.has_health = change.health.check.exists();
  return write_atomic_at(running_dir_.get(), "state", encode(*state), 0600, Durability::kVolatile);
}

void Session::change_life(Client& client, int memory) {
  auto changed = take_change(memory);
  client.unsent.push_back({changed.ok() ? Type::kChanged : Type::kError, changed.ok() ? std::string() : runtime::encode(changed.error())});
  send_unsent(client);
}

void Session::answer_probes(ProbeResult result) {
  const char answer = static_cast<char>(result);
  for (Client& client : clients_) {
    if (!client.wants_probe || !client.socket.valid()) continue;
    client.wants_probe = false;
    client.unsent.push_back({Type::kProbed, std::string(1, answer)});
    send_unsent(client);
  }
}

void Session::end_by_health(HealthAction action) {
  if (kill_at_ns_) return;
  // As if the user had stopped it.
  if (action == HealthAction::kStop) mark_stopped();
  restart_asked_ = action == HealthAction::kRestart;
  begin_end(action == HealthAction::kKill ? SIGKILL : job_.restart.stop_signal, job_.restart.stop_timeout_s);
}

void Session::begin_end(int signal, std::uint32_t timeout_s) {
  kill_at_ns_ = monotonic_ns() + std::int64_t{timeout_s} * 1'000'000'000;
  (void)pidfd_signal(first_->pidfd(), signal).ok();
}

}  // namespace creel::engine::monitor
