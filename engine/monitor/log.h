// Container logs on disk: k8s-file ("TIME stdout F text") and json-file. The writer is
// engine/monitor/process/log_writer.h.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "engine/monitor/shared/job.h"

namespace creel::engine::monitor {

struct LogLine {
  std::int64_t time_ns = 0;
  bool is_stderr = false;
  bool partial =
      false;  // no newline after `text`: the line goes on in the next record, or the output ended without one
  std::string_view text;
};

struct LogQuery {
  LogDriver driver = LogDriver::kK8sFile;
  std::string path;  // rotated predecessors are path.1 (youngest) … path.N
  std::optional<std::int64_t> since_ns, until_ns;
  std::int64_t tail = -1;   // lines; -1: all
  bool follow = false;      // until the container ends; inotify, no polling
  std::string running_dir;  // to know when it ends
  std::function<bool()> caught_up;  // with follow: all that is there has been read, and is waited for more; false stops
};
// Calls `line` for each record in order. Returning false stops. Bytes come back exactly as the process wrote them.
Result<void> read_log(const LogQuery& query, const std::function<bool(const LogLine&)>& line);

}  // namespace creel::engine::monitor
