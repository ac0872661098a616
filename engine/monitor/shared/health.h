// A container's health check as its monitor carries it out, and the record of what has come of it. Plain data and pure
// functions; thread-safe. Semantics: podman-run(1) --health-*, Dockerfile HEALTHCHECK.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace creel::engine::monitor {

enum class HealthAction : std::uint8_t { kNone, kKill, kRestart, kStop };

struct HealthCheck {
  std::string command;            // an encoded runtime::ProcessPlan; empty: no such check, or `program`
  std::vector<std::string> program;  // run on the host instead: `creel exec …`, where another OCI runtime has the container
  std::int64_t interval_ns = 0;   // 0: only when asked for
  std::int64_t timeout_ns = 0;    // 0: none
  std::int32_t retries = 0;       // failures in a row that make it unhealthy; of a start-up check, that restart: 0: never
  std::int32_t successes = 0;     // of a start-up check: in a row, until it is over
  [[nodiscard]] bool exists() const { return !command.empty() || !program.empty(); }
};

struct HealthJob {
  HealthCheck check, startup;
  std::int64_t start_period_ns = 0;    // failures in it do not count
  std::int64_t start_interval_ns = 0;  // instead of the interval in the start period, until the first success; 0: the interval
  HealthAction on_failure = HealthAction::kNone;
  std::int32_t log_count = 0;  // probes that are kept; 0: no bound but the engine's own
  std::int64_t log_size = 0;   // bytes of output that are kept of each; 0: likewise
  std::string log_file;        // also written there, as JSON; empty: nowhere
  bool log_events = false;     // outputs go to the events, too
};

enum class Health : std::uint8_t { kNone, kStarting, kHealthy, kUnhealthy };
// "", "starting", "healthy", "unhealthy"
const char* to_string(Health health);

struct Probe {
  std::int64_t start_ns = 0, end_ns = 0;  // CLOCK_REALTIME
  std::int32_t code = 0;                  // -1: out of time
  std::string output;
};

// <running>/health: of the last start, but for its log, which goes on.
struct HealthRecord {
  Health status = Health::kStarting;
  std::int32_t failing_streak = 0;
  bool started = false;             // the start-up check is over, or there is none
  bool succeeded = false;           // there was a success since the start
  std::int32_t startup_streak = 0;  // > 0: successes in a row, < 0: failures
  std::vector<Probe> log;           // oldest first
};
std::string encode(const HealthRecord& record);
std::optional<HealthRecord> decode_health(std::string_view text);
// Of what may be cut off after its first line.
Health status_of_health(std::string_view text);
// {"Status":…,"FailingStreak":…,"Log":[…]}
std::string json_of(const HealthRecord& record);

// As it is when the container starts again.
void restart_health(const HealthJob& job, HealthRecord& record);
[[nodiscard]] const HealthCheck& current_check(const HealthJob& job, const HealthRecord& record);
// Takes in how a probe has ended, `running_ns` after the start, and says what is to be done now.
HealthAction note_probe(const HealthJob& job, HealthRecord& record, Probe probe, std::int64_t running_ns);
// From the end of one probe to the beginning of the next; nothing: only when asked for.
std::optional<std::int64_t> next_probe_ns(const HealthJob& job, const HealthRecord& record, std::int64_t running_ns);

}  // namespace creel::engine::monitor
