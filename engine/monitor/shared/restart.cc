#include "engine/monitor/shared/restart.h"

#include <algorithm>

namespace creel::engine::monitor {

namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kFirstPause = 100 * kMillisecond;
constexpr std::int64_t kLongestPause = 60'000 * kMillisecond;
// Who has run so long has not failed at once.
constexpr std::int64_t kLongRun = 10'000 * kMillisecond;

}  // namespace

bool wants_restart(const RestartJob& job, int exit_code, int restarts) {
  switch (job.rule) {
    case RestartRule::kNo:
      return false;
    case RestartRule::kAlways:
      return true;
    case RestartRule::kOnFailure:
      return exit_code != 0 && (job.most <= 0 || restarts < job.most);
  }
  return false;
}

std::int64_t restart_pause_ns(std::int64_t last_ns, std::int64_t ran_ns) {
  if (last_ns <= 0 || ran_ns >= kLongRun) return kFirstPause;
  return std::min(last_ns * 2, kLongestPause);
}

}  // namespace creel::engine::monitor
