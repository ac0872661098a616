// Writing a container's log: byte-exact, whole records in each write(2), rotated between lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "engine/monitor/process/journal_writer.h"
#include "engine/monitor/shared/job.h"

namespace creel::engine::monitor {

class LogWriter {
 public:
  // Appends to `path`, made 0600; a record that a killed writer has not finished is cut off. `max_size` 0: never
  // rotated. kJournald: to the systemd journal instead. `max_files` counts the current one: with 1 a full log starts anew.
  static Result<LogWriter> open(LogDriver driver, const std::string& path, std::int64_t max_size, int max_files,
                                const std::string& journal_fields = {});
  // A chunk as it was read from the container. A line without its end becomes a partial record; the rest follows later.
  // A log that cannot be written (disk full) does not stop the container.
  void write(bool is_stderr, std::string_view chunk);
  // A run is over.
  void end(std::int64_t started_ns, int exit_code);

 private:
  void append(bool is_stderr, std::string_view piece, bool partial, const std::string& time);
  void rotate_if_full();
  void flush();
  void rotate();

  LogDriver driver_ = LogDriver::kNone;
  std::string path_;
  std::int64_t max_size_ = 0, size_ = 0;
  int max_files_ = 1;
  Fd file_;
  bool line_open_[2] = {false, false};  // per stream: its last record was a partial one
  std::string buffer_;
  std::optional<JournalWriter> journal_;
};

}  // namespace creel::engine::monitor
