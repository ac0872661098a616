#include "engine/monitor/process/event_line.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/text.h"

namespace creel::engine::monitor {

void append_event(const std::string& log, const std::string& head, std::string_view fields) {
  if (log.empty()) return;
  auto file = open_file(log, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0600);
  if (!file.ok()) return;
  (void)write_all(file->get(), head + std::string(fields) + ",\"Time\":\"" + format_rfc3339(now_ns()) + "\"}\n").ok();
}

}  // namespace creel::engine::monitor
