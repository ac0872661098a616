#include "engine/monitor/shared/restart.h"

#include <doctest/doctest.h>

namespace creel::engine::monitor {

namespace {
constexpr std::int64_t kMillisecond = 1'000'000;
}

TEST_CASE("restart: which ends a policy answers") {
  RestartJob job;
  CHECK(!wants_restart(job, 1, 0));
  job.rule = RestartRule::kAlways;
  CHECK(wants_restart(job, 0, 1000));
  job.rule = RestartRule::kOnFailure;
  CHECK(!wants_restart(job, 0, 0));
  CHECK(wants_restart(job, 1, 1000));
  job.most = 2;
  CHECK(wants_restart(job, 1, 1));
  CHECK(!wants_restart(job, 1, 2));
}

TEST_CASE("restart: the pause doubles up to a minute, and begins anew after a long run") {
  CHECK(restart_pause_ns(0, 0) == 100 * kMillisecond);
  CHECK(restart_pause_ns(100 * kMillisecond, 9'999 * kMillisecond) == 200 * kMillisecond);
  CHECK(restart_pause_ns(51'200 * kMillisecond, 0) == 60'000 * kMillisecond);
  CHECK(restart_pause_ns(60'000 * kMillisecond, 0) == 60'000 * kMillisecond);
  CHECK(restart_pause_ns(60'000 * kMillisecond, 10'000 * kMillisecond) == 100 * kMillisecond);
}

}  // namespace creel::engine::monitor
