#include "engine/image/transfer/growing_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"

namespace creel::engine::transfer {

namespace {
constexpr std::int64_t kChunk = 256 << 10;
}

Result<void> GrowingFile::append(std::string_view bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (abandoned_) {
      stopped_ = true;
      return fail(Code::kFailed, "nobody reads this any more");
    }
    if (std::ssize(bytes) > limit_ - written_) {
      return fail(Code::kInvalid,
                  "it is longer than the " + std::to_string(limit_) + " bytes that its descriptor says");
    }
  }
  TRY(write_all(file_.get(), bytes));
  {
    const std::lock_guard lock(mutex_);
    written_ += std::ssize(bytes);
  }
  grown_.notify_one();
  return {};
}

void GrowingFile::finish(Result<void> how) {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    if (!how.ok()) error_ = std::move(how).error();
  }
  grown_.notify_one();
}

Result<std::string_view> GrowingFile::next() {
  std::int64_t available = 0;
  {
    std::unique_lock lock(mutex_);
    grown_.wait(lock, [this] { return written_ > read_ || finished_; });
    available = written_ - read_;
    if (available == 0) {
      if (error_) return Error(*error_);
      return std::string_view();
    }
  }
  buffer_.resize(kChunk);
  const auto wanted = static_cast<std::size_t>(std::min(available, kChunk));
  for (;;) {
    const ssize_t got = pread(file_.get(), buffer_.data(), wanted, read_);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return errno_error("reading back what was fetched");
    read_ += got;
    return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
  }
}

void GrowingFile::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
}

}  // namespace creel::engine::transfer
