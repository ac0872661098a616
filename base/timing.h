// creel --timing: when a command came to which point. One list in the process, for one thread; until it is enabled a
// mark costs the question whether it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace creel::timing {

inline bool enabled = false;
void enable();  // time counts from the start of the process
// "store opened": what has just been done.
void mark_now(std::string_view done);
inline void mark(std::string_view done) {
  if (enabled) mark_now(done);
}
// CLOCK_MONOTONIC in nanoseconds.
std::int64_t now();
// Marks of another process, as it wrote them: "NANOSECONDS what was done\n" per line.
std::string line(std::string_view done);
void merge(std::string_view lines);
// A table, a line per mark in the order of time: milliseconds since the mark before, since the start, and what was
// done.
std::string report();

}  // namespace creel::timing
