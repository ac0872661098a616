// One record of a container's log as the drivers write it. Pure; thread-safe. What does not parse is no record: a log
// may have been cut by a crash, or written by somebody else.
#pragma once

#include <string>
#include <string_view>

#include "engine/monitor/log.h"

namespace creel::engine::monitor {

class LogParser {
 public:
  explicit LogParser(LogDriver driver) : driver_(driver) {}
  // `line` without its newline. `out.text` points into `line` or into this parser, until the next call.
  bool parse(std::string_view line, LogLine& out);

 private:
  bool parse_k8s(std::string_view line, LogLine& out);
  bool parse_json(std::string_view line, LogLine& out);
  bool parse_time(std::string_view text, std::int64_t& out);

  LogDriver driver_;
  std::string text_, key_, value_;
  // Records written at once share their time.
  std::string last_time_;
  std::int64_t last_ns_ = 0;
};

}  // namespace creel::engine::monitor
