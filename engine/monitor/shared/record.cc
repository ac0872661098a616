#include "engine/monitor/shared/record.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/monitor/shared/liveness.h"

namespace creel::engine::monitor {

namespace {

template <typename Use>
void each_pair(std::string_view text, const Use& use) {
  for (const std::string& line : split(text, '\n')) {
    const Cut pair = cut(line, ' ');
    if (pair.found) use(pair.before, pair.after);
  }
}

std::int64_t number(const std::string& text) {
  auto parsed = parse_int(text, "number");
  return parsed.ok() ? *parsed : 0;
}

// A line of its own for each field: what comes from outside must not bring lines with it.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

// Its first line is enough, and the file may be long.
Health read_health(const std::string& running_dir) {
  auto file = open_file(running_dir + "/health", O_RDONLY | O_NOFOLLOW);
  char head[64];
  const ssize_t got = file.ok() ? read(file->get(), head, sizeof head) : -1;
  return got > 0 ? status_of_health(std::string_view(head, static_cast<std::size_t>(got))) : Health::kStarting;
}

// Not one that has ended and that nobody has reaped yet: its pidfd is readable.
bool lives(pid_t pid, unsigned long long start_time) {
  if (pid <= 0 || start_time == 0) return false;
  auto process = pidfd_open(pid);
  if (!process.ok() || process_start_time(pid) != start_time) return false;
  pollfd ended{process->get(), POLLIN, 0};
  return poll(&ended, 1, 0) == 0;
}

}  // namespace

std::string encode(const StateRecord& r) {
  return "pid " + std::to_string(r.pid) + "\nstart_time " + std::to_string(r.start_time) + "\nmonitor_pid " +
         std::to_string(r.monitor_pid) + "\nmonitor_start_time " + std::to_string(r.monitor_start_time) + "\nboot_id " +
         r.boot_id + "\nstarted_ns " + std::to_string(r.started_ns) + "\npaused " + (r.paused ? "1" : "0") +
         "\nrestarts " + std::to_string(r.restarts) + "\nrestarting " + (r.restarting ? "1" : "0") + (r.initialized ? "\ninitialized 1" : "") + "\nhealth " +
         (r.has_health ? "1" : "0") + "\n" + (r.cgroup.empty() ? std::string() : "cgroup " + one_line(r.cgroup) + "\n");
}

std::string encode(const ExitRecord& r) {
  return "code " + std::to_string(r.code) + "\nstarted_ns " + std::to_string(r.started_ns) + "\nfinished_ns " +
         std::to_string(r.finished_ns) + "\noom_killed " + (r.oom_killed ? "1" : "0") + "\nerror " + one_line(r.error) +
         "\nrestarts " + std::to_string(r.restarts) + "\n";
}

std::optional<StateRecord> decode_state(std::string_view text) {
  StateRecord out;
  each_pair(text, [&](const std::string& key, const std::string& value) {
    if (key == "pid") out.pid = static_cast<pid_t>(number(value));
    if (key == "start_time") out.start_time = static_cast<unsigned long long>(number(value));
    if (key == "monitor_pid") out.monitor_pid = static_cast<pid_t>(number(value));
    if (key == "monitor_start_time") out.monitor_start_time = static_cast<unsigned long long>(number(value));
    if (key == "boot_id") out.boot_id = value;
    if (key == "started_ns") out.started_ns = number(value);
    if (key == "paused") out.paused = value == "1";
    if (key == "cgroup") out.cgroup = value;
    if (key == "restarts") out.restarts = static_cast<int>(number(value));
    if (key == "initialized") out.initialized = value == "1";
    if (key == "restarting") out.restarting = value == "1";
    if (key == "health") out.has_health = value == "1";
  });
  if (out.pid <= 0 && !out.restarting) return std::nullopt;
  return out;
}

std::optional<ExitRecord> decode_exit(std::string_view text) {
  ExitRecord out;
  bool complete = false;
  each_pair(text, [&](const std::string& key, const std::string& value) {
    if (key == "code") {
      out.code = static_cast<int>(number(value));
      complete = true;
    }
    if (key == "started_ns") out.started_ns = number(value);
    if (key == "finished_ns") out.finished_ns = number(value);
    if (key == "oom_killed") out.oom_killed = value == "1";
    if (key == "error") out.error = value;
    if (key == "restarts") out.restarts = static_cast<int>(number(value));
  });
  if (!complete) return std::nullopt;
  return out;
}

const char* to_string(Status status) {
  switch (status) {
    case Status::kCreated:
      return "created";
    case Status::kInitialized:
      return "initialized";
    case Status::kRunning:
      return "running";
    case Status::kPaused:
      return "paused";
    case Status::kRestarting:
      return "restarting";
    case Status::kExited:
      return "exited";
  }
  return "unknown";
}

Observed observe(const std::string& container_dir, const std::string& running_dir) {
  Observed out;
  // Liveness first: a monitor that ends in between has written its exit record by then.
  const bool monitored = monitor_lives(running_dir);
  std::optional<StateRecord> state;
  if (auto text = read_file(running_dir + "/state", 4096); text.ok()) state = decode_state(*text);
  if (state && state->restarting && monitored) {
    out.status = Status::kRestarting;
    out.state = state;
    if (auto text = read_file(container_dir + "/exit", 65536); text.ok()) out.exit = decode_exit(*text);
    return out;
  }
  if (state && state->initialized && monitored) {
    out.status = Status::kInitialized;
    out.state = state;
    return out;
  }
  if (state && !state->restarting && !state->initialized && (monitored || (state->boot_id == boot_id() && lives(state->pid, state->start_time)))) {
    out.status = state->paused ? Status::kPaused : Status::kRunning;
    out.state = state;
    if (state->has_health) out.health = read_health(running_dir);
    return out;
  }
  if (auto text = read_file(container_dir + "/exit", 65536); text.ok()) out.exit = decode_exit(*text);
  if (out.exit) {
    out.status = Status::kExited;
    return out;
  }
  // Started, and nobody lived to write how it ended.
  auto started = read_file(container_dir + "/started", 4096);
  if (monitored || !started.ok()) return out;
  const Cut mark = cut(trim(*started), ' ');
  ExitRecord made_up;
  made_up.code = mark.before == boot_id() ? 137 : 255;
  made_up.started_ns = number(mark.after);
  made_up.error = mark.before == boot_id() ? "the container's monitor was killed" : "the machine was restarted";
  out.exit = made_up;
  out.status = Status::kExited;
  return out;
}

}  // namespace creel::engine::monitor
