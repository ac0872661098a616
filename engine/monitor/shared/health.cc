#include "engine/monitor/shared/health.h"

#include <algorithm>
#include <iterator>

#include "base/json_string.h"
#include "base/text.h"

namespace creel::engine::monitor {

namespace {

// Where nobody has set a bound: what a container writes must not fill the memory that the runtime directory is.
constexpr std::int64_t kLargestOutput = 1 << 20;
constexpr std::size_t kMostProbes = 100;

std::int64_t number(const std::string& text) {
  auto parsed = parse_int(text, "number");
  return parsed.ok() ? *parsed : 0;
}

Health health_from(std::string_view text) {
  for (const Health each : {Health::kStarting, Health::kHealthy, Health::kUnhealthy}) {
    if (text == to_string(each)) return each;
  }
  return Health::kNone;
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

bool in_start_period(const HealthJob& job, std::int64_t running_ns) { return running_ns < job.start_period_ns; }

void keep(const HealthJob& job, HealthRecord& record, Probe probe) {
  const std::int64_t size = job.log_size > 0 ? std::min(job.log_size, kLargestOutput) : kLargestOutput;
  if (probe.output.size() > static_cast<std::size_t>(size)) probe.output.resize(static_cast<std::size_t>(size));
  while (!probe.output.empty() && probe.output.back() == '\n') probe.output.pop_back();
  record.log.push_back(std::move(probe));
  const std::size_t count = job.log_count > 0 ? std::min<std::size_t>(static_cast<std::size_t>(job.log_count), kMostProbes) : kMostProbes;
  if (record.log.size() > count) {
    record.log.erase(record.log.begin(), record.log.end() - static_cast<std::ptrdiff_t>(count));
  }
}

HealthAction note_startup(const HealthJob& job, HealthRecord& record, bool success) {
  if (success) {
    record.startup_streak = std::max(record.startup_streak, 0) + 1;
    if (record.startup_streak >= std::max(job.startup.successes, 1)) record.started = true;
    return HealthAction::kNone;
  }
  record.startup_streak = std::min(record.startup_streak, 0) - 1;
  return job.startup.retries > 0 && -record.startup_streak >= job.startup.retries ? HealthAction::kRestart : HealthAction::kNone;
}

}  // namespace

const char* to_string(Health health) {
  switch (health) {
    case Health::kNone:
      return "";
    case Health::kStarting:
      return "starting";
    case Health::kHealthy:
      return "healthy";
    case Health::kUnhealthy:
      return "unhealthy";
  }
  return "";
}

// A line of words, then for each probe a line of numbers and as many bytes as the last of them says.
std::string encode(const HealthRecord& r) {
  std::string out = std::string(to_string(r.status)) + " " + std::to_string(r.failing_streak) + " " + (r.started ? "1" : "0") +
                    " " + (r.succeeded ? "1" : "0") + " " + std::to_string(r.startup_streak) + "\n";
  for (const Probe& probe : r.log) {
    out += std::to_string(probe.start_ns) + " " + std::to_string(probe.end_ns) + " " + std::to_string(probe.code) + " " +
           std::to_string(probe.output.size()) + "\n" + probe.output + "\n";
  }
  return out;
}

std::optional<HealthRecord> decode_health(std::string_view text) {
  const std::vector<std::string> words = split(take_line(text), ' ');
  if (words.size() != 5) return std::nullopt;
  HealthRecord out;
  out.status = health_from(words[0]);
  if (out.status == Health::kNone) return std::nullopt;
  out.failing_streak = static_cast<std::int32_t>(number(words[1]));
  out.started = words[2] == "1";
  out.succeeded = words[3] == "1";
  out.startup_streak = static_cast<std::int32_t>(number(words[4]));
  while (!text.empty()) {
    const std::vector<std::string> numbers = split(take_line(text), ' ');
    if (numbers.size() != 4) break;
    const auto size = static_cast<std::size_t>(std::max<std::int64_t>(number(numbers[3]), 0));
    if (size > text.size()) break;
    out.log.push_back({number(numbers[0]), number(numbers[1]), static_cast<std::int32_t>(number(numbers[2])),
                       std::string(text.substr(0, size))});
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return out;
}

Health status_of_health(std::string_view text) { return health_from(text.substr(0, text.find(' '))); }

std::string json_of(const HealthRecord& record) {
  std::string out = std::string("{\"Status\":\"") + to_string(record.status) + "\",\"FailingStreak\":" +
                    std::to_string(record.failing_streak) + ",\"Log\":[";
  for (const Probe& probe : record.log) {
    if (out.back() != '[') out += ',';
    out += "{\"Start\":\"" + format_rfc3339(probe.start_ns) + "\",\"End\":\"" + format_rfc3339(probe.end_ns) +
           "\",\"ExitCode\":" + std::to_string(probe.code) + ",\"Output\":\"";
    append_json_string(out, probe.output);
    out += "\"}";
  }
  return out + "]}";
}

void restart_health(const HealthJob& job, HealthRecord& record) {
  std::vector<Probe> log = std::move(record.log);
  record = {};
  record.started = !job.startup.exists();
  record.log = std::move(log);
}

const HealthCheck& current_check(const HealthJob& job, const HealthRecord& record) {
  return record.started || !job.startup.exists() ? job.check : job.startup;
}

HealthAction note_probe(const HealthJob& job, HealthRecord& record, Probe probe, std::int64_t running_ns) {
  const bool success = probe.code == 0;
  const bool startup = &current_check(job, record) == &job.startup;
  keep(job, record, std::move(probe));
  if (startup) return note_startup(job, record, success);
  record.started = true;
  if (success) {
    record.status = Health::kHealthy;
    record.failing_streak = 0;
    record.succeeded = true;
    return HealthAction::kNone;
  }
  if (in_start_period(job, running_ns)) return HealthAction::kNone;
  ++record.failing_streak;
  if (record.failing_streak < job.check.retries) return HealthAction::kNone;
  record.status = Health::kUnhealthy;
  return job.on_failure;
}

std::optional<std::int64_t> next_probe_ns(const HealthJob& job, const HealthRecord& record, std::int64_t running_ns) {
  const HealthCheck& check = current_check(job, record);
  if (!check.exists()) return std::nullopt;
  if (&check == &job.check && job.start_interval_ns > 0 && !record.succeeded && in_start_period(job, running_ns)) {
    return job.start_interval_ns;
  }
  if (check.interval_ns <= 0) return std::nullopt;
  return check.interval_ns;
}

}  // namespace creel::engine::monitor
