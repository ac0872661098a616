#include "engine/container/journal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/container/state.h"
#include "engine/monitor/shared/journal.h"

namespace creel::engine {

namespace {

constexpr std::size_t kLargestField = 16 << 20;
// How long the journal may take to have what the monitor has sent it.
constexpr int kTries = 40;
constexpr int kPauseMs = 50;

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i)
    out |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return out;
}

// A moment as journalctl takes it, with what it can tell apart.
std::string moment(std::int64_t ns, std::int64_t round_up_ns) {
  const std::int64_t us = (ns + round_up_ns) / 1000;
  const std::string fraction = std::to_string(us % 1'000'000);
  return "@" + std::to_string(us / 1'000'000) + "." + std::string(6 - fraction.size(), '0') + fraction;
}

std::vector<std::string> journalctl(const std::string& id, const LogsRequest& request, bool follow) {
  std::vector<std::string> argv = {"journalctl", "--no-pager", "--quiet", "--output=export", "--all"};
  argv.emplace_back("--output-fields=MESSAGE,PRIORITY,CONTAINER_PARTIAL_MESSAGE," + std::string(monitor::kJournalEnd));
  if (request.since_ns) argv.push_back("--since=" + moment(*request.since_ns, 0));
  if (request.until_ns) argv.push_back("--until=" + moment(*request.until_ns, 999));
  if (follow) argv.emplace_back("--follow");
  // The last entry may be that of the end, which is not shown.
  argv.push_back("--lines=" + (request.tail < 0 ? "all" : std::to_string(request.tail + (follow ? 0 : 1))));
  argv.push_back("CONTAINER_ID_FULL=" + id);
  return argv;
}

class Journalctl {
 public:
  static Result<Journalctl> start(const std::vector<std::string>& argv) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a pipe");
    Journalctl out;
    out.output_ = Fd(ends[0]);
    const Fd writing(ends[1]);
    SpawnRequest request;
    request.path = argv.front();
    request.argv = argv;
    request.fds = {{writing.get(), STDOUT_FILENO}};
    request.parent_death_signal = SIGTERM;
    auto process = spawn(request);
    if (!process.ok()) {
      return fail(Code::kUnavailable,
                  "the container's log is in the systemd journal, which journalctl reads, and that does not start: " +
                      process.error().text)
          .with_hint("install systemd's journalctl");
    }
    out.process_ = std::move(*process);
    return out;
  }
  // Empty: its end.
  Result<std::string> read() {
    char buffer[65536];
    for (;;) {
      const ssize_t got = ::read(output_.get(), buffer, sizeof(buffer));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("reading from journalctl");
      return std::string(buffer, static_cast<std::size_t>(got));
    }
  }
  Result<void> end(bool early) {
    if (early) (void)pidfd_signal(process_.pidfd(), SIGTERM).ok();
    TRY_SET(const int code, process_.wait());
    // 1 is also what it says where nothing matches.
    if (early || code == 0 || code == 1) return {};
    return fail(Code::kFailed, "journalctl: exit code " + std::to_string(code));
  }

 private:
  Fd output_;
  Process process_;
};

// When the run began that is going on, or was the last.
std::int64_t last_run(Engine& engine, const std::string& id) {
  const monitor::Observed observed = observe(engine, id);
  if (observed.state) return observed.state->started_ns;
  return observed.exit ? observed.exit->started_ns : 0;
}

}  // namespace

void JournalParser::take_field(std::string_view key, std::string_view value) {
  begun_ = true;
  const auto number = [&] {
    auto parsed = parse_int(value, key);
    return parsed.ok() ? *parsed : 0;
  };
  if (key == "__REALTIME_TIMESTAMP") entry_.time_ns = number() * 1000;
  if (key == "MESSAGE") entry_.message = value;
  if (key == "PRIORITY") entry_.is_stderr = value == "3";
  if (key == "CONTAINER_PARTIAL_MESSAGE") entry_.partial = value == "true";
  if (key == monitor::kJournalEnd) entry_.ended_run_ns = number();
}

bool JournalParser::take_line(std::size_t& at, const std::function<bool(const JournalEntry&)>& use, bool& more) {
  const std::size_t newline = rest_.find('\n', at);
  if (newline == std::string::npos) return false;
  const std::string_view line = std::string_view(rest_).substr(at, newline - at);
  if (line.empty()) {
    at = newline + 1;
    if (begun_) more = use(entry_);
    entry_ = {};
    begun_ = false;
    return true;
  }
  if (const std::size_t equals = line.find('='); equals != std::string_view::npos) {
    take_field(line.substr(0, equals), line.substr(equals + 1));
    at = newline + 1;
    return true;
  }
  // KEY, size, bytes, newline.
  const std::size_t body = newline + 1 + 8;
  if (rest_.size() < body) return false;
  const std::uint64_t size = little_endian(std::string_view(rest_).substr(newline + 1, 8));
  if (size > kLargestField || rest_.size() < body + size + 1) return false;
  take_field(line, std::string_view(rest_).substr(body, size));
  at = body + size + 1;
  return true;
}

Result<bool> JournalParser::feed(std::string_view bytes, const std::function<bool(const JournalEntry&)>& use) {
  rest_ += bytes;
  std::size_t at = 0;
  bool more = true;
  while (more && take_line(at, use, more)) {
  }
  rest_.erase(0, at);
  if (rest_.size() > 2 * kLargestField) return fail(Code::kInvalid, "journalctl's answer is not in its export format");
  return more;
}

Result<void> read_journal(Engine& engine, const std::string& id, const LogsRequest& request,
                          const std::function<bool(const monitor::LogLine&)>& line) {
  for (int tries = 0;; ++tries) {
    const bool alive = is_alive(observe(engine, id));
    const std::int64_t run = last_run(engine, id);
    if (run == 0 && !alive) return {};  // it has never run
    const bool follow = request.follow && alive;
    TRY_SET(Journalctl journalctl_process, Journalctl::start(journalctl(id, request, follow)));
    std::vector<JournalEntry> held;
    bool ended = false, wanted = true;
    const auto show = [&](const JournalEntry& entry) {
      return line(
          {.time_ns = entry.time_ns, .is_stderr = entry.is_stderr, .partial = entry.partial, .text = entry.message});
    };
    const auto use = [&](const JournalEntry& entry) {
      if (entry.ended_run_ns != 0) {
        ended = entry.ended_run_ns == last_run(engine, id);
        return !(follow && ended);
      }
      if (follow) return wanted = show(entry);
      held.push_back(entry);
      return true;
    };
    JournalParser parser;
    bool more = true;
    while (more) {
      TRY_SET(const std::string bytes, journalctl_process.read());
      if (bytes.empty()) break;
      TRY_SET(more, parser.feed(bytes, use));
      // What has been read is shown before more is waited for.
      if (follow && request.caught_up && !request.caught_up()) more = false;
    }
    TRY(journalctl_process.end(!more));
    if (follow) return {};
    // What it wrote last may be on its way to the journal.
    if (!alive && !ended && !request.until_ns && tries < kTries) {
      poll(nullptr, 0, kPauseMs);
      continue;
    }
    if (held.empty() && !ended && !alive && !request.since_ns && !request.until_ns) {
      return fail(Code::kUnavailable, "the systemd journal shows nothing of container " + id)
          .with_hint(
              "to see its own entries a user needs a journal that is kept on disk, or the group systemd-journal: sudo "
              "usermod -aG systemd-journal USER");
    }
    const std::size_t most = request.tail < 0 ? held.size() : static_cast<std::size_t>(request.tail);
    for (std::size_t i = held.size() > most ? held.size() - most : 0; i < held.size(); ++i) {
      if (!show(held[i])) break;
    }
    return {};
  }
}

}  // namespace creel::engine
