#include "cmd/images/progress_bars.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "base/file.h"
#include "cmd/output/output.h"

namespace creel::cmd {
namespace {

using Clock = std::chrono::steady_clock;

// What nobody tells of is drawn again, too, so that one sees that nothing moves.
constexpr auto kTick = std::chrono::seconds(1);
constexpr auto kStalled = std::chrono::seconds(3);

class Bars : public engine::transfer::Progress {
 public:
  Bars(int fd, int columns) : fd_(fd), columns_(std::max(columns, 2)) {}
  ~Bars() override {
    ticker_ = {};
    const std::lock_guard lock(mutex_);
    active_.clear();
    flush({});
  }

  void message(const std::string& text) override {
    const std::lock_guard lock(mutex_);
    flush(text + "\n");
  }
  void blob(const std::string& digest, std::int64_t done, std::int64_t total) override {
    const std::lock_guard lock(mutex_);
    auto found = std::find_if(active_.begin(), active_.end(), [&](const Blob& one) { return one.digest == digest; });
    if (found == active_.end()) {
      if (!began_) begin();
      found = active_.insert(active_.end(), Blob{digest, done, done, total});
    }
    if (found->done != done) moved_at_ = Clock::now();
    found->done = done;
    found->total = total;
    if (Clock::now() - drawn_ >= kRedraw) flush({});
  }
  void blob_done(const std::string& digest, const char* how) override {
    const std::lock_guard lock(mutex_);
    std::erase_if(active_, [&](const Blob& one) {
      if (one.digest != digest) return false;
      finished_ += one.done;
      moved_ += one.done - one.first;
      return true;
    });
    flush("Copying blob " + short_digest(digest) + " " + how + "\n");
  }

 private:
  void begin() {
    began_ = moved_at_ = Clock::now();
    // Not before: who transfers has entered its namespaces by now, which a process with threads cannot.
    try {
      ticker_ = std::jthread([this](const std::stop_token& stop) { tick(stop); });
    } catch (const std::system_error&) {
      // Then they stand still meanwhile.
    }
  }
  void tick(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, stop, kTick, [] { return false; });
      if (!stop.stop_requested() && !active_.empty() && Clock::now() - drawn_ >= kTick) flush({});
    }
  }

  struct Blob {
    std::string digest;
    std::int64_t first = 0;  // there already when it was first told of
    std::int64_t done = 0, total = 0;
  };

  // `head [=====-----] tail`, never wider than the terminal: a line that wraps would break the counting of lines.
  [[nodiscard]] std::string line(const std::string& head, std::int64_t done, std::int64_t total,
                                 const std::string& rate) const {
    const auto columns = static_cast<std::size_t>(columns_);
    std::string tail = human_size(done);
    if (total > 0) tail += " / " + human_size(total);
    if (!rate.empty()) tail += "  " + rate;
    std::string middle;
    if (total > 0 && head.size() + tail.size() + 15 < columns) {
      const std::size_t width = std::min<std::size_t>(columns - head.size() - tail.size() - 5, 40);
      const double part = std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
      const auto full = static_cast<std::size_t>(part * static_cast<double>(width));
      middle = "[" + std::string(full, '=') + std::string(width - full, '-') + "] ";
    }
    return (head + " " + middle + tail).substr(0, columns - 1);
  }

  [[nodiscard]] std::string total_line() const {
    std::int64_t done = finished_, total = finished_, moved = moved_;
    bool known = true;
    for (const Blob& blob : active_) {
      done += blob.done;
      total += std::max(blob.total, blob.done);
      known = known && blob.total >= 0;
      moved += blob.done - blob.first;
    }
    const auto now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - *began_).count();
    std::string rate;
    if (now - moved_at_ >= kStalled) {
      rate = "stalled for " +
             std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now - moved_at_).count()) + " s";
    } else if (seconds > 0.5) {
      rate = human_size(static_cast<std::int64_t>(static_cast<double>(moved) / seconds)) + "/s";
    }
    return line("Total", done, known ? total : -1, rate);
  }

  // Replaces the bars by `above` and, below it, the bars as they are now.
  void flush(const std::string& above) {
    const TerminalSize size = terminal_size(fd_);
    if (isatty(fd_) != 0) columns_ = std::max(size.columns, 2);
    std::string out;
    if (lines_ > 0) out = "\x1b[" + std::to_string(lines_) + "A\r";
    const auto add = [&](const std::string& text) { out += text + "\x1b[K\n"; };
    if (!above.empty()) out += above.substr(0, above.size() - 1) + "\x1b[K\n";
    lines_ = 0;
    // What does not fit the window cannot be drawn over.
    const std::size_t room = static_cast<std::size_t>(std::max(size.rows - 3, 1));
    for (std::size_t i = 0; i < active_.size() && i < room; ++i, ++lines_) {
      const Blob& blob = active_[i];
      add(line("Copying blob " + short_digest(blob.digest), blob.done, blob.total, {}));
    }
    if (!active_.empty()) {
      add(total_line());
      ++lines_;
    }
    out += "\x1b[J";
    drawn_ = Clock::now();
    (void)write_all(fd_, out).ok();
  }

  const int fd_;
  int columns_;
  std::mutex mutex_;
  std::vector<Blob> active_;
  std::int64_t finished_ = 0, moved_ = 0;
  std::optional<Clock::time_point> began_;
  Clock::time_point moved_at_{};
  std::size_t lines_ = 0;
  Clock::time_point drawn_{};
  std::condition_variable_any wake_;
  std::jthread ticker_;  // last: it uses all of the above
};

}  // namespace

std::string short_digest(const std::string& digest) {
  return digest.starts_with("sha256:") ? digest.substr(7, 12) : digest;
}

TerminalSize terminal_size(int fd) {
  winsize size{};
  TerminalSize out;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return out;
  if (size.ws_row > 0) out.rows = size.ws_row;
  if (size.ws_col > 0) out.columns = size.ws_col;
  return out;
}

std::unique_ptr<engine::transfer::Progress> make_bars(int fd, int columns) {
  return std::make_unique<Bars>(fd, columns);
}

}  // namespace creel::cmd
