// Reading a container's log (see log.h). Who runs it: the CLI, as the caller, beside a monitor that writes and rotates.
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/file.h"
#include "base/text.h"
#include "engine/monitor/log.h"
#include "engine/monitor/log_files.h"
#include "engine/monitor/log_record.h"
#include "engine/monitor/shared/liveness.h"

namespace creel::engine::monitor {

namespace {

// How far before the tail the earlier pieces of a line are looked for that is in the tail: both streams write into one
// file, and the other one's last line may have begun long ago.
constexpr std::int64_t kPiecesWithin = 1 << 20;

// Where each stream's part of the tail begins.
struct Tail {
  LogPosition begin[2];
  [[nodiscard]] LogPosition first() const { return std::min(begin[0], begin[1]); }
};

// Walks back until `lines` lines are found. A line is a record with its end and the partial ones of its stream before
// it.
class TailFinder {
 public:
  TailFinder(LogDriver driver, std::int64_t lines, LogPosition end) : parser_(driver), left_(lines), out_{{end, end}} {}
  bool use(LogPosition at, std::string_view text) {
    LogLine line;
    if (!parser_.parse(text, line)) return true;
    Stream& stream = streams_[line.is_stderr ? 1 : 0];
    if (!line.partial || !stream.seen) {
      stream.inside = left_ > 0;
      if (left_ > 0) --left_;
      stream.seen = true;
    }
    if (stream.inside) out_.begin[line.is_stderr ? 1 : 0] = at;
    if (left_ > 0) return true;
    searched_ += static_cast<std::int64_t>(text.size());
    return (streams_[0].inside || streams_[1].inside) && searched_ < kPiecesWithin;
  }
  [[nodiscard]] const Tail& found() const { return out_; }

 private:
  struct Stream {
    bool seen = false;    // any of its records
    bool inside = false;  // the line that is being walked through is in the tail
  };
  LogParser parser_;
  std::int64_t left_;
  std::int64_t searched_ = 0;
  Stream streams_[2];
  Tail out_;
};

Result<Tail> find_tail(const std::vector<LogFile>& files, LogDriver driver, std::int64_t lines) {
  if (files.empty() || lines < 0) return Tail{};
  LogPosition end{files.size() - 1, 0};
  TRY_SET(end.offset, end_of_lines(files.back()));
  TailFinder finder(driver, lines, end);
  for (std::size_t i = files.size(); lines > 0 && i-- > 0;) {
    std::int64_t from = end.offset;
    if (i + 1 != files.size()) {
      TRY_SET(from, end_of_lines(files[i]));
    }
    TRY_SET(const bool on, each_line_backwards(files[i], from, [&](std::int64_t offset, std::string_view text) {
              return finder.use({i, offset}, text);
            }));
    if (!on) break;
  }
  return finder.found();
}

// Events about the log and about the end of what writes it.
class Watch {
 public:
  static Result<Watch> start(const LogQuery& query) {
    Watch out;
    out.events_ = Fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!out.events_.valid()) {
      return errno_error("following the log: inotify_init")
          .with_hint("the sysctl fs.inotify.max_user_instances may be too low");
    }
    const std::size_t slash = query.path.rfind('/');
    const std::string dir = slash == std::string::npos ? "." : query.path.substr(0, slash + 1);
    out.name_ = slash == std::string::npos ? query.path : query.path.substr(slash + 1);
    // The directory, not the file: the file's name is given to another one at every rotation.
    if (inotify_add_watch(out.events_.get(), dir.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
      return errno_error("following the log in " + dir)
          .with_hint("the sysctl fs.inotify.max_user_watches may be too low");
    }
    return out;
  }

  // Until the log may have changed, or the time is over (ms; -1: never). True: its writer is gone.
  Result<bool> wait(const std::string& running_dir, int timeout_ms) {
    if (!process_) process_ = monitor_process(running_dir);
    // A writer that lives and has not yet written its name: there is nothing to wait on for these microseconds.
    if (!process_) timeout_ms = timeout_ms < 0 ? 1 : std::min(timeout_ms, 1);
    for (;;) {
      pollfd waiting[2] = {{events_.get(), POLLIN, 0}, {process_ ? process_->get() : -1, POLLIN, 0}};
      const int ready = poll(waiting, 2, timeout_ms);
      if (ready < 0 && errno != EINTR) return errno_error("following the log");
      if (ready > 0 && waiting[1].revents != 0) return true;
      if (ready == 0 || (ready > 0 && ours())) return false;
    }
  }

 private:
  // Takes the events; whether any is about the log.
  bool ours() {
    alignas(inotify_event) char buffer[4096];
    bool found = false;
    ssize_t got = 0;
    while ((got = read(events_.get(), buffer, sizeof(buffer))) > 0) {
      for (ssize_t at = 0; at < got;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
        if ((event->mask & (IN_Q_OVERFLOW | IN_IGNORED)) != 0 || (event->len > 0 && name_ == event->name)) found = true;
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
    return found;
  }

  Fd events_;
  std::optional<Fd> process_;
  std::string name_;
};

class LogStream {
 public:
  LogStream(const LogQuery& query, const std::function<bool(const LogLine&)>& line)
      : query_(query), line_(line), parser_(query.driver) {}

  // False: the caller wants no more.
  Result<bool> read_present() {
    TRY_SET(std::vector<LogFile> files, open_log_files(query_.path));
    TRY_SET(const Tail tail, find_tail(files, query_.driver, query_.tail));
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (i < tail.first().file) continue;
      reader_ = LineReader(i == tail.first().file ? tail.first().offset : 0);
      current_ = std::move(files[i]);
      TRY_SET(const bool more, reader_.read(current_, [&](std::int64_t offset, std::string_view text) {
        return deliver(text, [&](const LogLine& record) {
          return LogPosition{i, offset} >= tail.begin[record.is_stderr ? 1 : 0];
        });
      }));
      if (!more) return false;
    }
    return true;
  }

  // What has come since, also in the files that have come since.
  Result<bool> read_on() {
    for (;;) {
      // Looked at before reading: when another file has taken the name, nothing is written to this one any more.
      const bool newest = is_current();
      std::vector<LogFile> files;
      if (!newest) {
        TRY_SET(files, open_log_files(query_.path));
      }
      const auto mine = std::find_if(files.begin(), files.end(),
                                     [&](const LogFile& f) { return current_.fd.valid() && f.same(current_); });
      if (current_.fd.valid()) {
        TRY_SET(const bool more,
                reader_.read(current_, [&](std::int64_t, std::string_view text) { return deliver(text, all); }));
        if (!more) return false;
        if (newest) return true;
      }
      // Those between have been deleted when this one is not found any more.
      const auto next = mine == files.end() ? files.begin() : mine + 1;
      if (next == files.end()) return true;
      current_ = std::move(*next);
      reader_ = LineReader(0);
    }
  }

 private:
  static bool all(const LogLine&) { return true; }
  [[nodiscard]] bool is_current() const {
    struct stat info {};
    return current_.fd.valid() && stat(query_.path.c_str(), &info) == 0 && info.st_dev == current_.device &&
           info.st_ino == current_.inode;
  }

  template <typename Wanted>
  bool deliver(std::string_view text, const Wanted& wanted) {
    LogLine record;
    if (!parser_.parse(text, record) || !wanted(record)) return true;
    if (query_.since_ns && record.time_ns < *query_.since_ns) return true;
    if (query_.until_ns && record.time_ns > *query_.until_ns) return true;
    return line_(record);
  }

  const LogQuery& query_;
  const std::function<bool(const LogLine&)>& line_;
  LogParser parser_;
  LogFile current_;
  LineReader reader_{0};
};

int left_until(std::optional<std::int64_t> end_ns) {
  if (!end_ns) return -1;
  const std::int64_t ms = (*end_ns - now_ns()) / 1000000 + 1;
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, std::numeric_limits<int>::max()));
}

}  // namespace

Result<void> read_log(const LogQuery& query, const std::function<bool(const LogLine&)>& line) {
  if (query.driver == LogDriver::kNone)
    return fail(Code::kInvalid, "reading the log: this container's output is not logged");
  LogStream stream(query, line);
  if (!query.follow) {
    TRY(stream.read_present());
    return {};
  }
  TRY_SET(Watch watch, Watch::start(query));
  TRY_SET(bool more, stream.read_present());
  bool gone = false;
  while (more) {
    // Asked before reading: what was written before the end is delivered.
    const bool ended = gone || !monitor_lives(query.running_dir) || (query.until_ns && now_ns() > *query.until_ns);
    TRY_SET(more, stream.read_on());
    if (ended || !more) break;
    if (query.caught_up && !query.caught_up()) break;
    TRY_SET(gone, watch.wait(query.running_dir, left_until(query.until_ns)));
  }
  return {};
}

}  // namespace creel::engine::monitor
