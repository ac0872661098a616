#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "engine/event/event.h"
#include "engine/json.h"

namespace creel::engine {

using nlohmann::json;

namespace {

constexpr std::size_t kLongestLine = 1 << 20;

using Filters = std::map<std::string, std::vector<std::string>>;

Result<Filters> parse_filters(const std::vector<std::string>& texts) {
  static const std::vector<std::string> kKeys = {"container", "event",  "image", "label",
                                                 "pod",       "status", "type",  "volume"};
  Filters out;
  for (const std::string& text : texts) {
    Cut parts = cut(text, '=');
    if (!parts.found) return fail(Code::kInvalid, "invalid filter \"" + text + "\": must be of the form KEY=VALUE");
    if (std::find(kKeys.begin(), kKeys.end(), parts.before) == kKeys.end()) {
      Error error = fail(Code::kInvalid, parts.before + " is an invalid filter");
      if (std::string near = closest(parts.before, kKeys); !near.empty()) error.hint = "Did you mean \"" + near + "\"?";
      return error;
    }
    out[parts.before == "status" ? "event" : parts.before].push_back(std::move(parts.after));
  }
  return out;
}

bool one(const Event& event, const std::string& key, const std::string& value) {
  const auto names = [&](const char* type) {
    return event.type == type && (event.name == value || (!event.id.empty() && event.id.rfind(value, 0) == 0));
  };
  if (key == "container") return names("container");
  if (key == "volume") return names("volume");
  if (key == "event") return event.status == value || (value == "die" && event.status == "died");
  if (key == "type") return event.type == value;
  if (key == "image") return names("image") || (event.type == "container" && event.image == value);
  if (key == "label") {
    const Cut wanted = cut(value, '=');
    const auto found = event.attributes.find(wanted.before);
    return found != event.attributes.end() && (!wanted.found || found->second == wanted.after);
  }
  return false;
}

bool matches(const Event& event, const Filters& filters) {
  return std::all_of(filters.begin(), filters.end(), [&](const auto& filter) {
    const auto this_one = [&](const std::string& value) { return one(event, filter.first, value); };
    return filter.first == "label" ? std::all_of(filter.second.begin(), filter.second.end(), this_one)
                                   : std::any_of(filter.second.begin(), filter.second.end(), this_one);
  });
}

std::optional<Event> parse(const std::string& text) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object()) return std::nullopt;
  Event out;
  out.type = text_of(document, "Type");
  out.status = text_of(document, "Status");
  out.id = text_of(document, "ID");
  out.name = text_of(document, "Name");
  out.image = text_of(document, "Image");
  out.attributes = text_map_of(document, "Attributes");
  out.health = text_of(document, "HealthStatus");
  if (member(document, "ContainerExitCode").is_number())
    out.exit_code = static_cast<int>(int_of(document, "ContainerExitCode"));
  auto time = parse_rfc3339(text_of(document, "Time"));
  if (!time.ok()) return std::nullopt;
  out.time_ns = *time;
  return out;
}

// Lines of an open log, from where the last call stopped.
class Lines {
 public:
  explicit Lines(Fd file) : file_(std::move(file)) {}
  void skip_to_end() { (void)lseek(file_.get(), 0, SEEK_END); }

  // False: `each` has had enough.
  template <typename Each>
  bool read_on(const Each& each) {
    char buffer[65536];
    for (;;) {
      const ssize_t got = ::read(file_.get(), buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return true;
      pending_.append(buffer, static_cast<std::size_t>(got));
      for (std::size_t end; (end = pending_.find('\n')) != std::string::npos;) {
        const std::string line = pending_.substr(0, end);
        pending_.erase(0, end + 1);
        if (!each(line)) return false;
      }
      if (pending_.size() > kLongestLine) pending_.clear();
    }
  }

  [[nodiscard]] bool is(const std::string& path) const {
    struct stat a {
    }, b{};
    return fstat(file_.get(), &a) == 0 && stat(path.c_str(), &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
  }

 private:
  Fd file_;
  std::string pending_;
};

// Until something happens in the directory, or the time is over.
void wait_for_change(int notify, std::optional<std::int64_t> until_ns) {
  int timeout = -1;
  if (until_ns)
    timeout = static_cast<int>(std::clamp<std::int64_t>((*until_ns - now_ns()) / 1'000'000 + 1, 0, 1 << 30));
  pollfd entry{notify, POLLIN, 0};
  if (poll(&entry, 1, timeout) <= 0) return;
  char drained[4096];
  while (::read(notify, drained, sizeof drained) > 0) {
  }
}

}  // namespace

Result<void> read_events(Engine& engine, const EventQuery& query, const std::function<bool(const Event&)>& event) {
  TRY_SET(const Filters filters, parse_filters(query.filters));
  const std::string path = engine.paths().event_log();
  TRY(make_dirs(engine.paths().events(), 0700));
  // Before anything is read: what is written from here on is noticed.
  const Fd notify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!notify.valid() ||
      inotify_add_watch(notify.get(), engine.paths().events().c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
    return errno_error("watching " + engine.paths().events());
  }
  const auto each = [&](const std::string& line) {
    const auto parsed = parse(line);
    if (!parsed) return true;
    if (query.since_ns && parsed->time_ns < *query.since_ns) return true;
    if (query.until_ns && parsed->time_ns > *query.until_ns) return true;
    return !matches(*parsed, filters) || event(*parsed);
  };
  const bool from_start = query.since_ns || !query.follow || query.until_ns;
  if (from_start) {
    if (auto older = open_file(path + ".1", O_RDONLY); older.ok() && !Lines(std::move(*older)).read_on(each)) return {};
  }
  std::optional<Lines> lines;
  const auto is_over = [&] { return query.until_ns && now_ns() > *query.until_ns; };
  bool first = true;
  for (;;) {
    const bool over = is_over();
    if (lines && !lines->read_on(each)) return {};
    if (!lines || !lines->is(path)) {
      // Turned over: what came between the last look and now is read to its end first.
      if (lines && !lines->read_on(each)) return {};
      lines.reset();
      if (auto log = open_file(path, O_RDONLY); log.ok()) {
        lines.emplace(std::move(*log));
        if (first && !from_start) lines->skip_to_end();
        first = false;
        continue;
      }
    }
    first = false;
    if (!query.follow || over) return {};
    wait_for_change(notify.get(), query.until_ns);
  }
}

}  // namespace creel::engine
