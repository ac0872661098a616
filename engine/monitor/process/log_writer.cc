#include "engine/monitor/process/log_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"

namespace creel::engine::monitor {

namespace {

// A record never grows larger than this, so that rotation keeps near its bound.
constexpr std::size_t kLongestRecord = 16384;

// RFC 3339 with all nine digits, so that records line up: "2026-11-24T15:04:05.123456789+00:00".
std::string timestamp(bool json) {
  const std::int64_t now = now_ns();
  std::string text = format_rfc3339(now);
  // "…SSZ" or "…SS.fZ" to nine digits.
  text.pop_back();
  std::size_t dot = text.find('.');
  if (dot == std::string::npos) {
    dot = text.size();
    text += '.';
  }
  text.append(10 - (text.size() - dot), '0');
  text += json ? "Z" : "+00:00";
  return text;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        // Bytes that are not UTF-8 stay as they are: the reader gives back what was written.
        if (byte >= 0x20) {
          out += c;
        } else {
          out += "\\u00";
          out += kHex[byte >> 4];
          out += kHex[byte & 15];
        }
    }
  }
}

}  // namespace

Result<LogWriter> LogWriter::open(LogDriver driver, const std::string& path, std::int64_t max_size, int max_files) {
  LogWriter out;
  out.driver_ = driver;
  if (driver == LogDriver::kNone) return out;
  out.path_ = path;
  out.max_size_ = max_size;
  out.max_files_ = std::max(max_files, 1);
  TRY_SET(out.file_, open_file(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600));
  struct stat info{};
  if (fstat(out.file_.get(), &info) == 0) out.size_ = info.st_size;
  return out;
}

void LogWriter::write(bool is_stderr, std::string_view chunk) {
  if (driver_ == LogDriver::kNone) return;
  const std::string time = timestamp(driver_ == LogDriver::kJsonFile);
  while (!chunk.empty()) {
    const std::size_t newline = chunk.find('\n');
    const std::size_t size = std::min(newline == std::string_view::npos ? chunk.size() : newline, kLongestRecord);
    const bool partial = size != newline;
    append(is_stderr, chunk.substr(0, size), partial, time);
    chunk.remove_prefix(partial ? size : size + 1);
  }
  flush();
}

void LogWriter::append(bool is_stderr, std::string_view piece, bool partial, const std::string& time) {
  const std::size_t before = buffer_.size();
  if (driver_ == LogDriver::kK8sFile) {
    buffer_ += time;
    buffer_ += is_stderr ? " stderr " : " stdout ";
    buffer_ += partial ? "P " : "F ";
    buffer_ += piece;
    buffer_ += '\n';
  } else {
    buffer_ += "{\"log\":\"";
    append_json_string(buffer_, piece);
    if (!partial) buffer_ += "\\n";
    buffer_ += is_stderr ? "\",\"stream\":\"stderr\",\"time\":\"" : "\",\"stream\":\"stdout\",\"time\":\"";
    buffer_ += time;
    buffer_ += "\"}\n";
  }
  if (max_size_ <= 0) return;
  if (size_ + static_cast<std::int64_t>(buffer_.size()) <= max_size_ || size_ + static_cast<std::int64_t>(before) == 0) return;
  // This record opens the next file.
  const std::string last = buffer_.substr(before);
  buffer_.resize(before);
  flush();
  rotate();
  buffer_ = last;
}

void LogWriter::flush() {
  if (buffer_.empty()) return;
  (void)write_all(file_.get(), buffer_).ok();
  size_ += static_cast<std::int64_t>(buffer_.size());
  buffer_.clear();
}

void LogWriter::rotate() {
  // log.N-1 -> log.N … log -> log.1; the oldest is replaced.
  for (int i = max_files_; i >= 1; --i) {
    const std::string from = i == 1 ? path_ : path_ + "." + std::to_string(i - 1);
    (void)rename(from.c_str(), (path_ + "." + std::to_string(i)).c_str());
  }
  auto fresh = open_file(path_, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  if (!fresh.ok()) return;  // goes on in the old file, under its new name
  file_ = std::move(*fresh);
  size_ = 0;
}

}  // namespace creel::engine::monitor
