#include <poll.h>

#include <cerrno>
#include <cstdlib>

#include "base/text.h"
#include "cmd/runtime/handlers.h"
#include "engine/runtime/instance/stats.h"

namespace creel::cmd::runtime {

namespace {

// A Go duration of one unit: "5s", "500ms", "1m"; bare digits are seconds.
Result<int> parse_interval(const std::string& text) {
  const auto bad = [&] {
    return fail(Code::kInvalid, "--interval " + text + ": a duration like 5s or 500ms is expected");
  };
  const std::size_t digits = text.find_first_not_of("0123456789");
  const std::string unit = digits == std::string::npos ? "s" : text.substr(digits);
  const auto number = parse_int(text.substr(0, digits), "--interval");
  const std::int64_t scale = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : unit == "h" ? 3'600'000 : 0;
  constexpr std::int64_t kLongest = 24 * 3'600'000;
  if (!number.ok() || scale == 0 || *number < 1 || *number > kLongest / scale) return bad();
  return static_cast<int>(*number * scale);
}

}  // namespace

void Events::declare(Flags& flags) {
  flags.value("--interval", interval_, "duration", "Time between two statistics")
      .flag("--stats", stats_, "Statistics once, then end");
}

Result<int> Events::run(const Global& global) {
  TRY_SET(const int interval_ms, parse_interval(interval_));
  TRY_SET(const oci::Instance instance, open_instance(global, arguments[0]));
  TRY_SET(const Fd process, instance.process());
  TRY_SET(const oci::Cgroup group, instance.cgroup());
  std::uint64_t oom_kills = group.oom_kills();
  for (;;) {
    auto stats = oci::cgroup_stats(group);
    if (!stats.ok()) {
      // The group goes with the container.
      if (!instance.process().ok()) return 0;
      return std::move(stats).error();
    }
    print(oci::stats_event(arguments[0], *stats));
    if (stats_) return 0;
    if (stats->oom_kills > oom_kills) print(oci::oom_event(arguments[0]));
    oom_kills = stats->oom_kills;
    pollfd ended{process.get(), POLLIN, 0};
    const int got = poll(&ended, 1, interval_ms);
    if (got > 0) return 0;
    if (got < 0 && errno != EINTR) return errno_error("waiting for the container");
  }
}

}  // namespace creel::cmd::runtime
