// A container's health check by the clock: when the next probe is due, and that there is one at a time. Single-threaded.
// Who runs it: creel-monitor, which polls patience_ms() and fd() beside all else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"
#include "engine/monitor/process/probe.h"
#include "engine/monitor/shared/health.h"

namespace creel::engine::monitor {

class Prober {
 public:
  // The container is about to run: the record of its health is as at every start. The job goes to memory outside of this
  // process, which lives for months. No health check: does nothing, and so does everything else.
  static Result<Prober> begin(const HealthJob& job, int running_dir);
  [[nodiscard]] bool exists() const { return memory_.valid(); }

  // Until something is due, for poll(2); -1: nothing.
  [[nodiscard]] int patience_ms() const;
  // Readable when the probe has ended; -1: none runs.
  [[nodiscard]] int fd() const { return link_.get(); }
  [[nodiscard]] bool due() const;
  // Starts a probe, where none runs. False: it cannot be, and the next one is due after the interval.
  bool run(ProbeRequest request);
  // Its time is taken out: the container stands still.
  void pass_over();
  // After fd() was readable.
  ProbeReport finish();
  // Another check, or none, from now on; a probe that runs is ended. The next one is after the new interval.
  Result<void> change(const HealthJob& job, int running_dir);
  // Ends the probe that runs, and what it has started.
  void end();

 private:
  Result<void> take(const HealthJob& job, int running_dir);
  Fd memory_, link_;
  Process probe_;
  std::int64_t began_ns_ = 0, interval_ns_ = 0;
  std::optional<std::int64_t> next_ns_;  // CLOCK_MONOTONIC
};

}  // namespace creel::engine::monitor
