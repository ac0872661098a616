#include "base/timing.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/process.h"
#include "base/text.h"

namespace creel::timing {

namespace {

struct Mark {
  std::int64_t ns;
  std::string done;
};
std::vector<Mark> marks;
std::int64_t begin = 0;

// In ticks of 10 ms, which is coarse: never later than now.
std::int64_t process_begin() {
  timespec boot{}, monotonic{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  const std::int64_t asleep = (boot.tv_sec - monotonic.tv_sec) * 1'000'000'000 + (boot.tv_nsec - monotonic.tv_nsec);
  const std::int64_t tick = 1'000'000'000 / sysconf(_SC_CLK_TCK);
  return std::min(now(), static_cast<std::int64_t>(process_start_time(getpid())) * tick - asleep);
}

}  // namespace

std::int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

void enable() {
  enabled = true;
  begin = process_begin();
}

void mark_now(std::string_view done) {
  marks.push_back({now(), std::string(done)});
}

std::string line(std::string_view done) {
  return std::to_string(now()) + " " + std::string(done) + "\n";
}

void merge(std::string_view lines) {
  for (const std::string& text : split(lines, '\n')) {
    const Cut parts = cut(text, ' ');
    if (auto ns = parse_int(parts.before, "time"); ns.ok() && parts.found) marks.push_back({*ns, parts.after});
  }
}

std::string report() {
  std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.ns < b.ns; });
  std::string out = "      ms   since start\n";
  std::int64_t last = begin;
  for (const Mark& mark : marks) {
    char columns[64];
    std::snprintf(columns, sizeof(columns), "%8.2f %8.2f   ", static_cast<double>(mark.ns - last) / 1e6,
                  static_cast<double>(mark.ns - begin) / 1e6);
    out += columns + mark.done + "\n";
    last = mark.ns;
  }
  return out;
}

}  // namespace creel::timing
