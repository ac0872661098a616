#include "cmd/container/log_printer.h"

#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "base/file.h"

namespace creel::cmd {
namespace {

constexpr std::size_t kMostHeld = 64 << 10;

}  // namespace

std::string log_time(std::int64_t ns) {
  const std::time_t seconds = ns / 1'000'000'000;
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &local);
  const long offset = local.tm_gmtoff / 60;
  char rest[32];
  std::snprintf(rest, sizeof rest, ".%09lld", static_cast<long long>(ns % 1'000'000'000));
  std::string out = std::string(text, size) + rest;
  if (offset == 0) return out + "Z";
  const long minutes = offset < 0 ? -offset : offset;
  std::snprintf(rest, sizeof rest, "%c%02ld:%02ld", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
  return out + rest;
}

bool LogPrinter::print(const engine::monitor::LogLine& line) {
  const int fd = line.is_stderr ? STDERR_FILENO : STDOUT_FILENO;
  if (fd != fd_ && !flush().ok()) return false;
  fd_ = fd;
  bool& inside = inside_line_[line.is_stderr ? 1 : 0];
  if (!inside) {
    held_ += options_.prefix;
    if (options_.timestamps) held_ += log_time(line.time_ns) + " ";
  }
  held_ += line.text;
  if (!line.partial) held_ += '\n';
  inside = line.partial;
  return held_.size() < kMostHeld || flush().ok();
}

bool LogPrinter::catch_up() {
  const bool inside = inside_line_[0] || inside_line_[1];
  return (inside && !options_.prefix.empty()) || flush().ok();
}

Result<void> LogPrinter::flush() {
  if (!written_.ok()) return written_;
  written_ = write_all(fd_, held_);
  held_.clear();
  return written_;
}

}  // namespace creel::cmd
