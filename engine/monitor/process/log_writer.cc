#include "engine/monitor/process/log_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/json_string.h"
#include "base/text.h"

namespace creel::engine::monitor {

namespace {

// A record never grows larger than this, so that rotation keeps near its bound.
constexpr std::size_t kLongestRecord = 8192;
// A record without its text: time, stream, quotes.
constexpr std::size_t kFrame = 96;
// Records are gathered to this size: ten thousand empty lines in one chunk must not cost this process a megabyte.
constexpr std::size_t kGathered = kLongestRecord + kFrame;

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

// The size without a last record that has no end.
Result<std::int64_t> cut_torn_record(int fd, const std::string& path) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return errno_error("opening log " + path);
  std::int64_t size = info.st_size;
  char block[4096];
  while (size > 0) {
    const std::int64_t begin = std::max<std::int64_t>(0, size - static_cast<std::int64_t>(sizeof(block)));
    const ssize_t got = pread(fd, block, static_cast<std::size_t>(size - begin), begin);
    if (got <= 0) return errno_error("reading log " + path);
    const std::size_t newline = std::string_view(block, static_cast<std::size_t>(got)).rfind('\n');
    size = newline == std::string_view::npos ? begin : begin + static_cast<std::int64_t>(newline) + 1;
    if (newline != std::string_view::npos) break;
  }
  if (size != info.st_size && ftruncate(fd, size) != 0) return errno_error("cutting log " + path);
  return size;
}

}  // namespace

Result<LogWriter> LogWriter::open(LogDriver driver, const std::string& path, std::int64_t max_size, int max_files,
                                 const std::string& journal_fields) {
  LogWriter out;
  out.driver_ = driver;
  if (driver == LogDriver::kNone || driver == LogDriver::kPassthrough) return out;
  if (driver == LogDriver::kJournald) {
    TRY_SET(out.journal_, JournalWriter::open(journal_fields));
    return out;
  }
  out.path_ = path;
  out.max_size_ = max_size;
  out.max_files_ = std::max(max_files, 1);
  out.buffer_.reserve(kGathered);
  TRY_SET(out.file_, open_file(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0600));
  TRY_SET(out.size_, cut_torn_record(out.file_.get(), path));
  return out;
}

void LogWriter::write(bool is_stderr, std::string_view chunk) {
  if (!file_.valid() && !journal_) return;
  const std::string time = journal_ ? std::string() : timestamp(driver_ == LogDriver::kJsonFile);
  while (!chunk.empty()) {
    const std::size_t newline = chunk.find('\n');
    const std::size_t size = std::min(newline == std::string_view::npos ? chunk.size() : newline, kLongestRecord);
    const bool partial = size != newline;
    if (journal_) {
      journal_->write(is_stderr, partial, chunk.substr(0, size));
    } else {
      append(is_stderr, chunk.substr(0, size), partial, time);
    }
    chunk.remove_prefix(partial ? size : size + 1);
  }
  flush();
}

void LogWriter::end(std::int64_t started_ns, int exit_code) {
  if (journal_) journal_->end(started_ns, exit_code);
}

void LogWriter::append(bool is_stderr, std::string_view piece, bool partial, const std::string& time) {
  rotate_if_full();
  if (buffer_.size() + piece.size() + kFrame > kGathered) flush();
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
  line_open_[is_stderr ? 1 : 0] = partial;
}

void LogWriter::rotate_if_full() {
  const std::int64_t size = size_ + static_cast<std::int64_t>(buffer_.size());
  if (max_size_ <= 0 || size < max_size_) return;
  // Between lines, so that no file begins in the middle of one; but a line without end must not fill the disk.
  if ((line_open_[0] || line_open_[1]) && size < 2 * max_size_) return;
  flush();
  rotate();
}

void LogWriter::flush() {
  if (buffer_.empty()) return;
  if (write_all(file_.get(), buffer_).ok()) {
    size_ += static_cast<std::int64_t>(buffer_.size());
  } else {
    // The disk is full: half a record must not spoil the one that is written when it is not any more.
    (void)!ftruncate(file_.get(), size_);
  }
  buffer_.clear();
}

void LogWriter::rotate() {
  // log.N-2 -> log.N-1 … log -> log.1; the oldest is replaced.
  for (int i = max_files_ - 1; i >= 1; --i) {
    const std::string from = i == 1 ? path_ : path_ + "." + std::to_string(i - 1);
    (void)rename(from.c_str(), (path_ + "." + std::to_string(i)).c_str());
  }
  if (max_files_ == 1) unlink(path_.c_str());
  auto fresh = open_file(path_, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0600);
  if (!fresh.ok()) return;  // goes on in the old file, and tries again
  file_ = std::move(*fresh);
  size_ = 0;
}

}  // namespace creel::engine::monitor
