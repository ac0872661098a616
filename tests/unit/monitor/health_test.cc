#include "engine/monitor/shared/health.h"

#include <doctest/doctest.h>

namespace creel::engine::monitor {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

HealthJob job_of(int retries) {
  HealthJob job;
  job.check.command = "plan";
  job.check.interval_ns = 30 * kSecond;
  job.check.retries = retries;
  job.on_failure = HealthAction::kKill;
  return job;
}

Probe ended(int code, std::string output = {}) {
  Probe probe;
  probe.code = code;
  probe.output = std::move(output);
  return probe;
}

}  // namespace

TEST_CASE("health: failures in a row make it unhealthy, one success heals") {
  const HealthJob job = job_of(2);
  HealthRecord record;
  restart_health(job, record);
  CHECK(record.status == Health::kStarting);
  CHECK(note_probe(job, record, ended(1), 0) == HealthAction::kNone);
  CHECK(record.status == Health::kStarting);
  CHECK(note_probe(job, record, ended(1), 0) == HealthAction::kKill);
  CHECK(record.status == Health::kUnhealthy);
  CHECK(record.failing_streak == 2);
  CHECK(note_probe(job, record, ended(0), 0) == HealthAction::kNone);
  CHECK(record.status == Health::kHealthy);
  CHECK(record.failing_streak == 0);
}

TEST_CASE("health: in the start period failures do not count, and another interval holds until the first success") {
  HealthJob job = job_of(1);
  job.start_period_ns = 10 * kSecond;
  job.start_interval_ns = kSecond;
  HealthRecord record;
  restart_health(job, record);
  CHECK(next_probe_ns(job, record, 0) == kSecond);
  CHECK(note_probe(job, record, ended(1), 9 * kSecond) == HealthAction::kNone);
  CHECK(record.failing_streak == 0);
  (void)note_probe(job, record, ended(0), 9 * kSecond);
  CHECK(next_probe_ns(job, record, 9 * kSecond) == 30 * kSecond);
  CHECK(note_probe(job, record, ended(1), 10 * kSecond) == HealthAction::kKill);
}

TEST_CASE("health: the start-up check goes first, and restarts when it fails too often") {
  HealthJob job = job_of(1);
  job.startup.command = "other plan";
  job.startup.interval_ns = 2 * kSecond;
  job.startup.retries = 2;
  job.startup.successes = 2;
  HealthRecord record;
  restart_health(job, record);
  CHECK(&current_check(job, record) == &job.startup);
  CHECK(next_probe_ns(job, record, 0) == 2 * kSecond);
  CHECK(note_probe(job, record, ended(1), 0) == HealthAction::kNone);
  (void)note_probe(job, record, ended(0), 0);
  // A success in between: the count begins anew.
  CHECK(note_probe(job, record, ended(1), 0) == HealthAction::kNone);
  CHECK(note_probe(job, record, ended(1), 0) == HealthAction::kRestart);
  (void)note_probe(job, record, ended(0), 0);
  (void)note_probe(job, record, ended(0), 0);
  CHECK(&current_check(job, record) == &job.check);
  CHECK(record.status == Health::kStarting);
}

TEST_CASE("health: an interval of none means only when asked for") {
  HealthJob job = job_of(1);
  job.check.interval_ns = 0;
  HealthRecord record;
  restart_health(job, record);
  CHECK(!next_probe_ns(job, record, 0));
  CHECK(!next_probe_ns(HealthJob{}, record, 0));
}

TEST_CASE("health: the record is bounded, and comes back as it was written") {
  HealthJob job = job_of(3);
  job.log_count = 2;
  job.log_size = 4;
  HealthRecord record;
  restart_health(job, record);
  (void)note_probe(job, record, ended(1, "first"), 0);
  (void)note_probe(job, record, ended(1, "a\nb\n\n"), 0);
  (void)note_probe(job, record, ended(-1, "1 2 3 4\n"), 0);
  const auto back = decode_health(encode(record));
  REQUIRE(back);
  CHECK(back->failing_streak == 3);
  REQUIRE(back->log.size() == 2);
  CHECK(back->log[0].output == "a\nb");
  CHECK(back->log[1].output == "1 2 ");
  CHECK(back->log[1].code == -1);
  CHECK(status_of_health(encode(record)) == Health::kUnhealthy);
  CHECK(json_of(record).rfind(R"({"Status":"unhealthy","FailingStreak":3,"Log":[{"Start":)", 0) == 0);
}

TEST_CASE("health: what is no record reads as none") {
  for (const char* text : {"", "\n", "well 0 0 0 0\n", "healthy 0\n", "healthy"}) CHECK(!decode_health(text));
  const auto cut = decode_health("healthy 0 1 1 0\n1 2 0 50\nshort\n");
  REQUIRE(cut);
  CHECK(cut->log.empty());
  CHECK(decode_health("healthy 0 1 1 0\n1 2 0 -5\n\n1 2 3\n")->log.size() <= 1);
}

}  // namespace creel::engine::monitor
