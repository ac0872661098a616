#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/text.h"
#include "cmd/runtime/handlers.h"
#include "engine/runtime/instance/stats.h"

namespace creel::cmd::runtime {

namespace {

using std::chrono::steady_clock;

// A Go duration of one unit: "5s", "500ms", "1m"; bare digits are seconds.
Result<std::chrono::milliseconds> parse_interval(const std::string& text) {
  const auto bad = [&] {
    return fail(Code::kInvalid, "--interval " + text + ": a duration like 5s or 500ms is expected");
  };
  const std::size_t digits = text.find_first_not_of("0123456789");
  const std::string unit = digits == std::string::npos ? "s" : text.substr(digits);
  const auto number = parse_int(text.substr(0, digits), "--interval");
  const std::int64_t scale = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : unit == "h" ? 3'600'000 : 0;
  constexpr std::int64_t kLongest = 24 * 3'600'000;
  if (!number.ok() || scale == 0 || *number < 1 || *number > kLongest / scale) return bad();
  return std::chrono::milliseconds(*number * scale);
}

// OOM kills as they happen, until it is time for the next statistics; false: the container has ended.
Result<bool> report_until(steady_clock::time_point end, const std::string& id, int process, oci::CgroupWatch& watch) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now()).count();
    pollfd waiting[2] = {{process, POLLIN, 0}, {watch.memory_fd(), POLLPRI, 0}};
    const int ready = poll(waiting, 2, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready < 0 && errno != EINTR) return errno_error("waiting for the container");
    // One that has ended the container too.
    auto event = watch.next(0);
    if (event.ok() && *event == oci::CgroupWatch::Event::kOomKill) print(oci::oom_event(id));
    if (ready > 0 && waiting[0].revents != 0) return false;
    if (ready == 0) return true;
  }
}

}  // namespace

void Events::declare(Flags& flags) {
  flags.value("--interval", interval_, "duration", "Time between two statistics")
      .flag("--stats", stats_, "Statistics once, then end");
}

Result<int> Events::run(const Global& global) {
  TRY_SET(const std::chrono::milliseconds interval, parse_interval(interval_));
  TRY_SET(const oci::Instance instance, open_instance(global, arguments[0]));
  TRY_SET(const Fd process, instance.process());
  TRY_SET(const oci::Cgroup group, instance.cgroup());
  TRY_SET(oci::CgroupWatch watch, oci::CgroupWatch::open(group));
  for (;;) {
    auto stats = oci::cgroup_stats(group);
    if (!stats.ok()) {
      // The group goes with the container.
      if (!instance.process().ok()) return 0;
      return std::move(stats).error();
    }
    print(oci::stats_event(arguments[0], *stats));
    if (stats_) return 0;
    TRY_SET(const bool goes_on, report_until(steady_clock::now() + interval, arguments[0], process.get(), watch));
    if (!goes_on) return 0;
  }
}

}  // namespace creel::cmd::runtime
