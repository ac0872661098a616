#include "engine/monitor/process/prober.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "engine/monitor/process/clock.h"
#include "engine/monitor/shared/job.h"

namespace creel::engine::monitor {

namespace {

// For a probe to see that it is to end. What stands still (a frozen group) does not see it.
constexpr int kEndPatienceMs = 1000;

}  // namespace

Result<Prober> Prober::begin(const HealthJob& job, int running_dir) {
  Prober out;
  TRY(out.take(job, running_dir));
  // The first one at once, as in Podman; of a check that is never due by itself, none.
  if (out.next_ns_) out.next_ns_ = monotonic_ns();
  return out;
}

Result<void> Prober::change(const HealthJob& job, int running_dir) {
  end();
  return take(job, running_dir);
}

Result<void> Prober::take(const HealthJob& job, int running_dir) {
  if (!job.check.exists()) {
    unlinkat(running_dir, "health", 0);
    return {};
  }
  HealthRecord record;
  if (auto text = read_file_at(running_dir, "health"); text.ok()) {
    if (auto known = decode_health(*text)) record = std::move(*known);
  }
  restart_health(job, record);
  TRY(write_atomic_at(running_dir, "health", encode(record), 0600, Durability::kVolatile));
  memory_ = Fd(memfd_create("creel-health", MFD_CLOEXEC));
  if (!memory_.valid()) return errno_error("memfd_create");
  TRY(write_all(memory_.get(), encode(job)));
  began_ns_ = monotonic_ns();
  interval_ns_ = job.check.interval_ns;
  if (const auto next = next_probe_ns(job, record, 0)) next_ns_ = began_ns_ + *next;
  return {};
}

int Prober::patience_ms() const { return next_ns_ && !link_.valid() ? ms_until(*next_ns_) : -1; }

bool Prober::due() const { return next_ns_ && !link_.valid() && monotonic_ns() >= *next_ns_; }

void Prober::pass_over() {
  if (next_ns_) next_ns_ = monotonic_ns() + interval_ns_;
}

bool Prober::run(ProbeRequest request) {
  if (link_.valid()) return true;
  int ends[2];
  if (!memory_.valid() || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    pass_over();
    return false;
  }
  Fd ours(ends[0]);
  Fd theirs(ends[1]);
  request.memory = memory_.get();
  request.link = theirs.get();
  request.running_ns = monotonic_ns() - began_ns_;
  const pid_t pid = fork();
  if (pid == 0) {
    // Else nobody would ever hang up.
    ours.reset();
    run_probe(request);
  }
  auto pidfd = pid > 0 ? pidfd_open(pid) : Result<Fd>(Fd());
  probe_ = Process(pid, pidfd.ok() ? std::move(*pidfd) : Fd());
  if (pid < 0) {
    pass_over();
    return false;
  }
  link_ = std::move(ours);
  return true;
}

ProbeReport Prober::finish() {
  ProbeReport report;
  const bool told = read(link_.get(), &report, sizeof report) == static_cast<ssize_t>(sizeof report);
  link_.reset();
  (void)probe_.wait().ok();
  if (!told) {
    report = {};
    report.next_ns = interval_ns_;
  }
  next_ns_.reset();
  if (report.next_ns > 0) next_ns_ = monotonic_ns() + report.next_ns;
  return report;
}

void Prober::end() {
  next_ns_.reset();
  if (link_.valid()) {
    link_.reset();
    pollfd ended{probe_.pidfd(), POLLIN, 0};
    if (poll(&ended, 1, kEndPatienceMs) <= 0) kill(probe_.pid(), SIGKILL);
    (void)probe_.wait().ok();
  }
  memory_.reset();
}

}  // namespace creel::engine::monitor
