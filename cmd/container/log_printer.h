// Log lines to stdout and stderr, byte for byte. Not thread-safe.
#pragma once

#include <array>
#include <string>

#include "base/result.h"
#include "engine/monitor/log.h"

namespace creel::cmd {

class LogPrinter {
 public:
  struct Options {
    std::string prefix;  // "web ": at the beginning of each line
    bool timestamps = false;
  };
  explicit LogPrinter(Options options) : options_(std::move(options)) {}
  // False: it cannot be written; flush() tells why.
  bool print(const engine::monitor::LogLine& line);
  // For --follow, when there is no more to read for now: writes what is held back, but no part of a line where others write
  // to the same place. False: it cannot be written.
  bool catch_up();
  // Writes what is held back.
  Result<void> flush();

 private:
  Options options_;
  int fd_ = 1;  // where `held_` goes: what one stream holds is written before the other's, so that order is kept
  std::string held_;
  std::array<bool, 2> inside_line_{};  // stdout, stderr: the last record was a part of a line
  Result<void> written_;
};

// "2026-11-23T21:11:46.123456789+01:00" in local time; Z for UTC.
std::string log_time(std::int64_t ns);

}  // namespace creel::cmd
