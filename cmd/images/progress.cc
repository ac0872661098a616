#include "cmd/images/progress.h"

#include <unistd.h>

#include <chrono>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"
#include "cmd/images/progress_bars.h"

namespace creel::cmd {
namespace {

using Clock = std::chrono::steady_clock;
using engine::transfer::Progress;
using nlohmann::ordered_json;

struct Quiet : Progress {
  void message(const std::string&) override {}
  void blob(const std::string&, std::int64_t, std::int64_t) override {}
  void blob_done(const std::string&, const char*) override {}
};

class Lines : public Progress {
 public:
  explicit Lines(int fd) : fd_(fd) {}
  void message(const std::string& text) override { print(text + "\n"); }
  void blob(const std::string&, std::int64_t, std::int64_t) override {}
  void blob_done(const std::string& digest, const char* how) override {
    print("Copying blob " + short_digest(digest) + " " + how + "\n");
  }

 private:
  // One write per line: several threads never mix.
  void print(const std::string& line) const { (void)write_all(fd_, line).ok(); }
  int fd_;
};

class Events : public Progress {
 public:
  explicit Events(int fd) : fd_(fd) {}
  void message(const std::string& text) override { print({{"event", "message"}, {"text", text}}); }
  void blob(const std::string& digest, std::int64_t done, std::int64_t total) override {
    {
      const std::lock_guard lock(mutex_);
      auto& told = told_[digest];
      const auto now = Clock::now();
      if (done != total && told != Clock::time_point() && now - told < kRedraw) return;
      told = now;
    }
    ordered_json event = {{"event", "blob"}, {"digest", digest}, {"done", done}};
    if (total >= 0) event["total"] = total;
    print(event);
  }
  void blob_done(const std::string& digest, const char* how) override {
    {
      const std::lock_guard lock(mutex_);
      told_.erase(digest);
    }
    print({{"event", "blob-done"}, {"digest", digest}, {"how", how}});
  }

 private:
  void print(const ordered_json& event) const {
    (void)write_all(fd_, event.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n").ok();
  }
  const int fd_;
  std::mutex mutex_;
  std::map<std::string, Clock::time_point> told_;
};

}  // namespace

void declare_progress(Flags& flags, std::string& style) {
  flags.value("--progress", style, "string", "How to show what is done: auto, plain, tty, json or quiet")
      .choices({"auto", "plain", "tty", "json", "quiet"});
}

std::unique_ptr<Progress> make_progress_on(int fd, int columns) {
  if (columns > 0) return make_bars(fd, columns);
  return std::make_unique<Lines>(fd);
}

std::unique_ptr<Progress> make_json_progress(int fd) {
  return std::make_unique<Events>(fd);
}

std::unique_ptr<Progress> make_progress(bool quiet) {
  if (quiet) return std::make_unique<Quiet>();
  return make_progress_on(STDERR_FILENO, isatty(STDERR_FILENO) != 0 ? terminal_size(STDERR_FILENO).columns : 0);
}

Result<std::unique_ptr<Progress>> make_progress(bool quiet, const std::string& style) {
  if (style.empty() || style == "auto") return make_progress(quiet);
  if (style == "json") return make_json_progress(STDERR_FILENO);
  if (style == "quiet" || style == "none") return make_progress(true);
  if (style == "plain") return quiet ? make_progress(true) : make_progress_on(STDERR_FILENO, 0);
  if (style == "tty") {
    return quiet ? make_progress(true) : make_progress_on(STDERR_FILENO, terminal_size(STDERR_FILENO).columns);
  }
  return fail(Code::kInvalid, "invalid --progress \"" + style + "\": must be one of auto, plain, tty, json, quiet");
}

}  // namespace creel::cmd
