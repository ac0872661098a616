#include "engine/monitor/process/probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <optional>
#include <vector>

#include "base/file.h"
#include "base/json_string.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/monitor/process/clock.h"
#include "engine/monitor/process/event_line.h"
#include "engine/monitor/shared/job.h"
#include "engine/runtime/cgroup/scope.h"
#include "engine/runtime/child/init.h"

namespace creel::engine::monitor {

namespace {

// Beyond it a probe's output is read and thrown away.
constexpr std::size_t kLargestOutput = 1 << 20;

// "1s", "1.5s"
std::string format_seconds(std::int64_t ns) {
  std::string text = std::to_string(ns / 1'000'000'000);
  if (const std::int64_t ms = ns / 1'000'000 % 1000; ms > 0) {
    text += "." + std::to_string(1000 + ms).substr(1);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "s";
}

// The monitor's other descriptors are not ours to hold: its lock, the container's input, its clients.
void keep_only(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 3;
  for (const int fd : kept) {
    if (fd < 3) continue;
    const auto number = static_cast<unsigned>(fd);
    if (number > from) syscall(SYS_close_range, from, number - 1, 0);
    from = number + 1;
  }
  syscall(SYS_close_range, from, ~0U, 0);
}

struct Running {
  pid_t pid = -1;
  Fd pidfd;
};

class Run {
 public:
  explicit Run(const ProbeRequest& request) : request_(request) {}
  // What it was and how it ended. kInUse: the container has ended.
  Result<Probe> run(const HealthCheck& check);

 private:
  Result<Running> start(const HealthCheck& check, int output);
  // How many bytes; closes the pipe at its end.
  int read_output();
  // Until it has ended (true), its time is over (false), or nobody wants it any more.
  bool wait_end(int pidfd, std::int64_t timeout_ns);

  const ProbeRequest& request_;
  Fd output_;
  std::string text_;
};

Result<Running> Run::start(const HealthCheck& check, int output) {
  TRY_SET(const Fd null, open_file("/dev/null", O_RDONLY));
  if (!check.program.empty()) {
    SpawnRequest spawned;
    spawned.path = check.program.front();
    spawned.argv = check.program;
    spawned.fds = {{null.get(), 0}, {output, 1}, {output, 2}};
    spawned.new_session = true;
    TRY_SET(const Process process, spawn(spawned));
    TRY_SET(Fd pidfd, pidfd_open(process.pid()));
    return Running{process.pid(), std::move(pidfd)};
  }
  runtime::ExecRequest exec;
  TRY_SET(exec.plan, decode_process_plan(check.command));
  exec.pidfd = request_.pidfd;
  exec.stdio = {null.get(), output, output};
  runtime::Cgroup group;
  if (!request_.cgroup.empty()) {
    TRY_SET(group, runtime::join_container(*request_.group, request_.cgroup, request_.pid));
    exec.cgroup = group.fd();
  }
  TRY_SET(runtime::ExecProcess process, runtime::exec_in_container(exec));
  return Running{process.pid, std::move(process.pidfd)};
}

int Run::read_output() {
  char buffer[4096];
  const ssize_t got = read(output_.get(), buffer, sizeof buffer);
  if (got > 0 && text_.size() < kLargestOutput) text_.append(buffer, static_cast<std::size_t>(got));
  if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) output_.reset();
  return static_cast<int>(std::max<ssize_t>(got, 0));
}

bool Run::wait_end(int pidfd, std::int64_t timeout_ns) {
  const std::int64_t end = monotonic_ns() + timeout_ns;
  for (;;) {
    pollfd entries[] = {{pidfd, POLLIN, 0}, {output_.get(), POLLIN, 0}, {request_.link, 0, 0}};
    const int ready = poll(entries, 3, timeout_ns > 0 ? ms_until(end) : -1);
    if (ready < 0) continue;
    if ((entries[2].revents & (POLLHUP | POLLERR)) != 0) return false;
    if (entries[1].revents != 0) read_output();
    if (entries[0].revents != 0) break;
    if (ready == 0) return false;
  }
  // What it has left running may hold the pipe, and go on writing: what is in it now is all.
  int rest = 0;
  if (!output_.valid() || ioctl(output_.get(), FIONREAD, &rest) != 0) return true;
  while (output_.valid() && rest > 0) rest -= read_output();
  return true;
}

Result<Probe> Run::run(const HealthCheck& check) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a pipe");
  output_ = Fd(ends[0]);
  Fd output(ends[1]);
  Probe out;
  out.start_ns = now_ns();
  auto started = start(check, output.get());
  output.reset();
  if (!started.ok()) {
    const Error& error = started.error();
    if (error.code == Code::kInUse) return std::move(started).error();
    out.code = error.code == Code::kCommandAbsent ? 127 : error.code == Code::kCannotInvoke ? 126 : 125;
    out.output = error.text;
    out.end_ns = now_ns();
    return out;
  }
  const bool ended = wait_end(started->pidfd.get(), check.timeout_ns);
  if (!ended) {
    // All of its session that has not gone its own way.
    ::kill(-started->pid, SIGKILL);
    (void)pidfd_signal(started->pidfd.get(), SIGKILL).ok();
  }
  int status = 0;
  while (waitpid(started->pid, &status, 0) < 0 && errno == EINTR) {
  }
  out.end_ns = now_ns();
  out.output = std::move(text_);
  out.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  if (!ended) {
    out.code = -1;
    if (!out.output.empty() && out.output.back() != '\n') out.output += '\n';
    out.output += "healthcheck command exceeded timeout of " + format_seconds(check.timeout_ns);
  }
  return out;
}

bool hung_up(int link) {
  pollfd entry{link, 0, 0};
  return poll(&entry, 1, 0) > 0;
}

void write_elsewhere(const HealthJob& job, const ProbeRequest& request, const HealthRecord& record, Health before) {
  if (!job.log_file.empty()) (void)write_atomic(job.log_file, json_of(record) + "\n", 0600, Durability::kVolatile).ok();
  if (record.status == before && !job.log_events) return;
  std::string fields = std::string("\"Status\":\"health_status\",\"HealthStatus\":\"") + to_string(record.status) + "\"";
  if (job.log_events && !record.log.empty()) {
    fields += ",\"HealthOutput\":\"";
    std::string text = record.log.back().output;
    // Who reads events takes UTF-8 alone.
    for (char& c : text) {
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
    append_json_string(fields, text);
    fields += "\"";
  }
  append_event(request.event_log, request.event_head, fields);
}

Result<ProbeReport> probe(const ProbeRequest& request) {
  if (lseek(request.memory, 0, SEEK_SET) != 0) return errno_error("reading the health check");
  TRY_SET(const std::string bytes, read_all(request.memory));
  TRY_SET(const HealthJob job, decode_health_job(bytes));
  HealthRecord record;
  if (auto text = read_file_at(request.running_dir, "health"); text.ok()) {
    if (auto known = decode_health(*text)) record = std::move(*known);
  }
  const HealthCheck& check = current_check(job, record);
  ProbeReport report;
  report.next_ns = next_probe_ns(job, record, request.running_ns).value_or(0);
  auto done = Run(request).run(check);
  if (!done.ok() || hung_up(request.link)) return report;
  const Health before = record.status;
  const std::int64_t running_ns = request.running_ns + done->end_ns - done->start_ns;
  report.result = done->code == 0 ? ProbeResult::kHealthy : ProbeResult::kFailed;
  report.action = note_probe(job, record, std::move(*done), running_ns);
  report.healthy = record.status == Health::kHealthy;
  report.next_ns = next_probe_ns(job, record, running_ns).value_or(0);
  TRY(write_atomic_at(request.running_dir, "health", encode(record), 0600, Durability::kVolatile));
  write_elsewhere(job, request, record, before);
  return report;
}

}  // namespace

void run_probe(const ProbeRequest& request) {
  signal(SIGTERM, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  keep_only({request.memory, request.running_dir, request.link, request.pidfd});
  // The monitor may have died before that was said.
  if (hung_up(request.link)) _exit(0);
  auto report = probe(request);
  if (report.ok()) (void)!write(request.link, &*report, sizeof(ProbeReport));
  _exit(0);
}

}  // namespace creel::engine::monitor
