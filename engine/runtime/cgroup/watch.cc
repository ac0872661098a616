#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "base/file.h"
#include "engine/runtime/cgroup/cgroup.h"
#include "engine/runtime/cgroup/tree.h"

namespace creel::engine::runtime {

namespace {

// Each read also tells the kernel what has been seen: what changes later makes the descriptor ready.
Result<std::string> reread(const Fd& file) {
  if (lseek(file.get(), 0, SEEK_SET) < 0) return errno_error("read the events of a control group");
  return read_all(file.get());
}

std::uint64_t kills_in(const std::string& events) {
  return std::strtoull(std::string(flat_value(events, "oom_kill")).c_str(), nullptr, 10);
}

}  // namespace

Result<CgroupWatch> CgroupWatch::open(const Cgroup& cgroup) {
  CgroupWatch out;
  TRY_SET(out.events_, open_at(cgroup.fd(), "cgroup.events", O_RDONLY));
  if (auto memory = open_at(cgroup.fd(), "memory.events", O_RDONLY); memory.ok()) {
    out.memory_ = std::move(*memory);
    TRY_SET(const std::string text, reread(out.memory_));
    out.kills_ = kills_in(text);
  }
  return out;
}

Result<CgroupWatch::Event> CgroupWatch::next(int timeout_ms) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    // Emptiness is read first and told last: an OOM kill that emptied the group is then seen in any case.
    auto events = reread(events_);
    const bool empty = !events.ok() || flat_value(*events, "populated") != "1";  // ENODEV: removed
    if (memory_) {
      const auto memory = reread(memory_);
      const std::uint64_t kills = memory.ok() ? kills_in(*memory) : 0;
      if (kills > kills_) {
        kills_ = kills;
        return Event::kOomKill;
      }
    }
    if (empty) return Event::kEmpty;
    int left = -1;
    if (timeout_ms >= 0) {
      left = static_cast<int>(
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now()).count());
      if (left <= 0) return Event::kTimeout;
    }
    pollfd waiting[2] = {{events_.get(), POLLPRI, 0}, {memory_.get(), POLLPRI, 0}};
    const int ready = poll(waiting, 2, left);
    if (ready < 0 && errno != EINTR) return errno_error("poll the events of a control group");
    if (ready == 0) return Event::kTimeout;
  }
}

}  // namespace creel::engine::runtime
