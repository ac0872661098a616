#include "cmd/images/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include "base/file.h"
#include "cmd/output/output.h"

namespace creel::cmd {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRedraw = std::chrono::milliseconds(100);

struct Quiet : engine::transfer::Progress {
  void message(const std::string&) override {}
  void blob(const std::string&, std::int64_t, std::int64_t) override {}
  void blob_done(const std::string&, const char*) override {}
};

// "sha256:0123456789abcdef…" -> "0123456789ab"; what is no digest (a file that is imported) stays.
std::string shown(const std::string& digest) {
  return digest.starts_with("sha256:") ? digest.substr(7, 12) : digest;
}

class Lines : public engine::transfer::Progress {
 public:
  explicit Lines(int fd) : fd_(fd) {}
  void message(const std::string& text) override { print(text + "\n"); }
  void blob(const std::string&, std::int64_t, std::int64_t) override {}
  void blob_done(const std::string& digest, const char* how) override {
    print("Copying blob " + shown(digest) + " " + how + "\n");
  }

 private:
  // One write per line: several threads never mix.
  void print(const std::string& line) const { (void)write_all(fd_, line).ok(); }
  int fd_;
};

// Lines of blobs under way are the last ones on the screen; what is finished scrolls up above them.
class Bars : public engine::transfer::Progress {
 public:
  Bars(int fd, int columns) : fd_(fd), columns_(static_cast<std::size_t>(std::max(columns, 40))) {}
  ~Bars() override {
    const std::lock_guard lock(mutex_);
    flush({});
  }

  void message(const std::string& text) override {
    const std::lock_guard lock(mutex_);
    flush(text + "\n");
  }
  void blob(const std::string& digest, std::int64_t done, std::int64_t total) override {
    const std::lock_guard lock(mutex_);
    auto found = std::find_if(active_.begin(), active_.end(), [&](const Blob& one) { return one.digest == digest; });
    if (found == active_.end()) found = active_.insert(active_.end(), Blob{digest});
    found->done = done;
    found->total = total;
    if (Clock::now() - drawn_ >= kRedraw) flush({});
  }
  void blob_done(const std::string& digest, const char* how) override {
    const std::lock_guard lock(mutex_);
    std::erase_if(active_, [&](const Blob& one) { return one.digest == digest; });
    flush("Copying blob " + shown(digest) + " " + how + "\n");
  }

 private:
  struct Blob {
    std::string digest;
    std::int64_t done = 0, total = 0;
  };

  [[nodiscard]] std::string bar(const Blob& blob) const {
    const std::string head = "Copying blob " + shown(blob.digest) + " ";
    std::string tail = " " + human_size(blob.done);
    if (blob.total > 0) tail += " / " + human_size(blob.total);
    std::string middle;
    if (blob.total > 0 && head.size() + tail.size() + 12 < columns_) {
      const std::size_t width = std::min<std::size_t>(columns_ - head.size() - tail.size() - 3, 40);
      const double part = std::min(1.0, static_cast<double>(blob.done) / static_cast<double>(blob.total));
      const auto full = static_cast<std::size_t>(part * static_cast<double>(width));
      middle = "[" + std::string(full, '=') + std::string(width - full, '-') + "]";
    }
    // A line that wraps would break the counting of lines.
    return (head + middle + tail).substr(0, columns_ - 1);
  }

  // Replaces the bars by `above` and, below it, the bars as they are now.
  void flush(const std::string& above) {
    std::string out;
    if (lines_ > 0) out = "\x1b[" + std::to_string(lines_) + "A";
    out += "\r\x1b[J" + above;
    for (const Blob& blob : active_) out += bar(blob) + "\n";
    lines_ = active_.size();
    drawn_ = Clock::now();
    (void)write_all(fd_, out).ok();
  }

  const int fd_;
  const std::size_t columns_;
  std::mutex mutex_;
  std::vector<Blob> active_;
  std::size_t lines_ = 0;
  Clock::time_point drawn_{};
};

}  // namespace

std::unique_ptr<engine::transfer::Progress> make_progress_on(int fd, int columns) {
  if (columns > 0) return std::make_unique<Bars>(fd, columns);
  return std::make_unique<Lines>(fd);
}

std::unique_ptr<engine::transfer::Progress> make_progress(bool quiet) {
  if (quiet) return std::make_unique<Quiet>();
  winsize size{};
  const bool terminal = isatty(STDERR_FILENO) != 0 && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0;
  return make_progress_on(STDERR_FILENO, terminal ? (size.ws_col > 0 ? size.ws_col : 80) : 0);
}

}  // namespace creel::cmd
