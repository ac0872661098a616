#include "engine/runtime/cgroup/cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/runtime/cgroup/limits.h"
#include "engine/runtime/cgroup/tree.h"

namespace creel::engine::runtime {

namespace {

constexpr int kFreezeTimeoutMs = 10'000;

// PIDs of one group; those of other PID namespaces read as 0 and are left out. A threaded group has no such list: the
// processes are in the one above it.
Result<void> add_processes(int group, std::vector<pid_t>& out) {
  auto text = read_group_file(group, "cgroup.procs");
  if (!text.ok()) {
    const int err = text.error().err;
    if (err == EOPNOTSUPP || err == ENODEV || err == ENOENT) return {};  // threaded, or just removed
    return std::move(text).error();
  }
  for (const std::string& line : split(trim(*text), '\n')) {
    if (line.empty()) continue;
    TRY_SET(const std::int64_t pid, parse_int(line, "cgroup.procs"));
    if (pid > 0) out.push_back(static_cast<pid_t>(pid));
  }
  return {};
}

}  // namespace

Result<Cgroup> Cgroup::open(const std::string& path) {
  TRY_SET(const Fd hierarchy, open_hierarchy());
  Cgroup out;
  TRY_SET(out.path_, clean_group_path(path));
  auto dir = open_group(hierarchy.get(), out.path_);
  if (!dir.ok()) return std::move(dir).error().within("control group");
  out.dir_ = std::move(*dir);
  return out;
}

Result<void> Cgroup::add(pid_t pid) const {
  auto added = write_group_file(fd(), "cgroup.procs", std::to_string(pid));
  if (!added.ok()) return std::move(added).error().within("control group " + path_);
  return {};
}

Result<void> Cgroup::freeze(bool frozen) const {
  auto done = write_group_file(fd(), "cgroup.freeze", frozen ? "1" : "0");
  if (done.ok()) done = await_group_event(fd(), "frozen", frozen ? "1" : "0", kFreezeTimeoutMs);
  if (done.ok()) return {};
  // Half frozen is the worst of all.
  if (frozen) (void)write_group_file(fd(), "cgroup.freeze", "0").ok();
  return std::move(done).error().within((frozen ? "freeze control group " : "thaw control group ") + path_);
}

bool Cgroup::frozen() const {
  const auto events = read_group_file(fd(), "cgroup.events");
  return events.ok() && flat_value(*events, "frozen") == "1";
}

Result<void> Cgroup::apply(const Resources& resources) const {
  return write_limits(fd(), path_, resources);
}

Result<void> Cgroup::signal_all(int signal) const {
  if (signal == SIGKILL) {
    auto killed = write_group_file(fd(), "cgroup.kill", "1");  // Linux 5.14
    if (killed.ok() || killed.error().err != ENOENT) return killed;
  }
  // Processes that are forked meanwhile get SIGKILL in the next round; other signals are no promise to them.
  for (int round = 0; round < 16; ++round) {
    TRY_SET(const std::vector<pid_t> first, processes());
    std::vector<std::pair<pid_t, Fd>> held;
    for (const pid_t pid : first) {
      if (auto pidfd = pidfd_open(pid); pidfd.ok()) held.emplace_back(pid, std::move(*pidfd));
    }
    // A number may have been given to another process before it was held; one that is held and still listed is ours.
    TRY_SET(std::vector<pid_t> still, processes());
    std::sort(still.begin(), still.end());
    bool any = false;
    for (const auto& [pid, pidfd] : held) {
      if (!std::binary_search(still.begin(), still.end(), pid)) continue;
      any = true;
      auto sent = pidfd_signal(pidfd.get(), signal);
      if (!sent.ok() && sent.error().err != ESRCH) return sent;
    }
    if (signal != SIGKILL || !any) break;
  }
  return {};
}

Result<std::vector<pid_t>> Cgroup::processes() const {
  std::vector<pid_t> out;
  TRY(add_processes(fd(), out));
  TRY(walk_groups(fd(), [&out](int, const std::string&, int group) { return add_processes(group, out); }));
  return out;
}

Result<Cgroup> Cgroup::joinable(pid_t first_process) const {
  TRY_SET(const std::string enabled, read_group_file(fd(), "cgroup.subtree_control"));
  Cgroup out;
  out.path_ = path_;
  if (trim(enabled).empty()) {
    TRY_SET(out.dir_, open_at(fd(), ".", O_RDONLY | O_DIRECTORY));
    return out;
  }
  TRY_SET(out.path_, group_of(first_process));
  // Its word is the kernel's, but where it is was the container's doing.
  if (!out.path_.starts_with(path_ + "/")) {
    return fail(Code::kUnavailable,
                "the container's first process is in control group " + out.path_ + ", not beneath " + path_);
  }
  TRY_SET(out.dir_, open_beneath(fd(), out.path_.substr(path_.size() + 1), O_RDONLY | O_DIRECTORY));
  return out;
}

std::uint64_t Cgroup::oom_kills() const {
  const auto events = read_group_file(fd(), "memory.events");
  if (!events.ok()) return 0;
  const auto count = parse_int(flat_value(*events, "oom_kill"), "oom_kill");
  return count.ok() ? static_cast<std::uint64_t>(*count) : 0;
}

}  // namespace creel::engine::runtime
