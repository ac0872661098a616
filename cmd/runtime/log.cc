#include "cmd/runtime/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"

namespace creel::cmd::runtime {

namespace {

const char* name_of(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      break;
  }
  return "error";
}

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string line(const Global& global, Level level, const std::string& text) {
  const std::string time = format_rfc3339(now_ns());
  if (global.log_format == "json") {
    return "{\"msg\":" + quoted(text) + ",\"level\":\"" + name_of(level) + "\",\"time\":\"" + time + "\"}\n";
  }
  return "time=\"" + time + "\" level=" + name_of(level) + " msg=" + quoted(text) + "\n";
}

}  // namespace

void report(const Global& global, Level level, const Error& error) {
  std::string text = error.text;
  if (!error.hint.empty()) text += " (" + join(split(error.hint, '\n'), "; ") + ")";
  if (!global.log.empty()) {
    if (auto file = open_file(global.log, O_WRONLY | O_APPEND | O_CREAT, 0644); file.ok()) {
      const std::string entry = line(global, level, text);
      (void)!write(file->get(), entry.data(), entry.size());
    }
  }
  const std::string shown = "creel-runtime: " + text + "\n";
  (void)!write(STDERR_FILENO, shown.data(), shown.size());
}

}  // namespace creel::cmd::runtime
