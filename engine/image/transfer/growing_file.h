// A file that one thread writes while another reads it from the start: the queue between network and unpacking is the
// page cache, so that neither waits for the other's pace and memory stays small.
//
// Thread-safety: one writer, one reader.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::transfer {

class GrowingFile {
 public:
  // `file` is open for reading and writing and has `size` bytes, at whose end it stands. More than `limit` bytes are
  // refused with kInvalid.
  GrowingFile(Fd file, std::int64_t limit, std::int64_t size = 0)
      : file_(std::move(file)), limit_(limit), written_(size) {}

  // The writer's.
  Result<void> append(std::string_view bytes);
  // No more will come; with an error the reader gets that one after the last byte.
  void finish(Result<void> how);
  [[nodiscard]] std::int64_t written() const { return written_; }
  // Whether append() failed because the reader had gone.
  [[nodiscard]] bool stopped() const { return stopped_; }

  // The reader's. The next bytes; an empty view is the end. Valid until the next call.
  Result<std::string_view> next();
  // The reader reads no further: append() fails from now on.
  void abandon();

  [[nodiscard]] int fd() const { return file_.get(); }

 private:
  Fd file_;
  std::int64_t limit_;
  bool stopped_ = false;
  std::mutex mutex_;
  std::condition_variable grown_;
  std::int64_t written_ = 0;
  bool finished_ = false, abandoned_ = false;
  std::optional<Error> error_;
  std::int64_t read_ = 0;
  std::vector<char> buffer_;
};

}  // namespace creel::engine::transfer
