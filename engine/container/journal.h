// Reading back what containers with --log-driver journald have written: by journalctl(1), in its export format.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/container/container.h"

namespace creel::engine {

struct JournalEntry {
  std::int64_t time_ns = 0;
  std::string message;
  bool is_stderr = false, partial = false;
  std::int64_t ended_run_ns = 0;  // not 0: the last one of the run that began then
};

// Entries out of the export format, as it comes in pieces of any size.
class JournalParser {
 public:
  // False: `use` wants no more. kInvalid: that is no export.
  Result<bool> feed(std::string_view bytes, const std::function<bool(const JournalEntry&)>& use);

 private:
  // One field or the end of an entry from `rest_`, beginning at `at`; false: it is not whole yet.
  bool take_line(std::size_t& at, const std::function<bool(const JournalEntry&)>& use, bool& more);
  void take_field(std::string_view key, std::string_view value);

  std::string rest_;
  JournalEntry entry_;
  bool begun_ = false;
};

// As engine::logs(). kUnavailable where there is no journalctl.
Result<void> read_journal(Engine& engine, const std::string& id, const LogsRequest& request,
                          const std::function<bool(const monitor::LogLine&)>& line);

}  // namespace creel::engine
