// A log on disk: the current file and its rotated predecessors, as one sequence of lines. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::monitor {

struct LogFile {
  Fd fd;
  dev_t device = 0;
  ino_t inode = 0;
  [[nodiscard]] bool same(const LogFile& other) const { return device == other.device && inode == other.inode; }
};

// All files there are, oldest first; consistent although the writer may rotate meanwhile. Absent: none.
Result<std::vector<LogFile>> open_log_files(const std::string& path);

// Where a line begins: which file (index), which byte.
struct LogPosition {
  std::size_t file = 0;
  std::int64_t offset = 0;
  auto operator<=>(const LogPosition&) const = default;
};

// The end of the last whole line of a file.
Result<std::int64_t> end_of_lines(const LogFile& file);

// Lines of `file` from the one that ends at `end` (see end_of_lines) backwards: `use` gets each one's offset and text,
// without its newline; false stops. Reads no more than it must. Lines longer than 1 MiB are left out.
Result<bool> each_line_backwards(const LogFile& file, std::int64_t end,
                                 const std::function<bool(std::int64_t offset, std::string_view line)>& use);

// Reads one file forwards as it grows; a line without its end is kept until the rest is there.
class LineReader {
 public:
  explicit LineReader(std::int64_t offset) : offset_(offset) {}
  // All whole lines that are there now. The offset is where the line begins. False: `use` wanted no more.
  Result<bool> read(const LogFile& file, const std::function<bool(std::int64_t offset, std::string_view line)>& use);

 private:
  std::int64_t offset_;  // of the first byte in carry_
  std::string carry_;
  bool overlong_ = false;
};

}  // namespace creel::engine::monitor
