#include "engine/runtime/instance/instance.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/instance/state_view.h"

namespace creel::engine::runtime {

namespace {

constexpr std::size_t kMaxPlan = 16 << 20;

// Inode of a process's PID namespace; 0 where it cannot be seen.
ino_t pid_namespace(const std::string& pid) {
  struct stat info {};
  return stat(("/proc/" + pid + "/ns/pid").c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

const char* status_name(Status status) {
  switch (status) {
    case Status::kCreated:
      return "created";
    case Status::kRunning:
      return "running";
    case Status::kPaused:
      return "paused";
    case Status::kStopped:
      break;
  }
  return "stopped";
}

Result<Instance> Instance::open(const StateRoot& root, const std::string& id) {
  TRY(check_id(id));
  const auto absent = [&] { return fail(Code::kNotFound, "container \"" + id + "\" does not exist"); };
  Instance out;
  auto dir = open_at(root.dir(), id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!dir.ok()) return dir.error().err == ENOENT ? absent() : std::move(dir).error();
  out.dir_ = std::move(*dir);
  auto text = read_file_at(out.dir_.get(), kRecord, kMaxRecord);
  if (!text.ok()) return text.error().err == ENOENT ? absent() : std::move(text).error();
  auto record = decode_record(*text);
  if (!record.ok()) return std::move(record).error().within(root.path() + "/" + id);
  out.record_ = std::move(*record);
  return out;
}

Status Instance::status() const {
  if (!process().ok()) return Status::kStopped;
  struct stat info {};
  if (fstatat(dir_.get(), kStartSocket, &info, AT_SYMLINK_NOFOLLOW) == 0) return Status::kCreated;
  if (!record_.cgroup.empty()) {
    if (auto group = Cgroup::open(record_.cgroup); group.ok() && group->frozen()) return Status::kPaused;
  }
  return Status::kRunning;
}

Result<Plan> Instance::plan() const {
  TRY_SET(std::string bytes, read_file_at(dir_.get(), kPlan, kMaxPlan));
  return decode_plan(bytes);
}

Result<Cgroup> Instance::cgroup() const {
  if (!record_.cgroup.empty()) return Cgroup::open(record_.cgroup);
  const CgroupHost host = cgroup_host(geteuid(), {});
  std::string text = "container \"" + record_.id + "\" has no control group";
  if (!host.missing.empty()) text += ": " + host.missing;
  return fail(Code::kUnavailable, std::move(text)).with_hint(host.cure);
}

Result<std::vector<pid_t>> Instance::processes() const {
  if (!record_.cgroup.empty()) {
    if (auto group = Cgroup::open(record_.cgroup); group.ok()) return group->processes();
  }
  std::vector<pid_t> found;
  if (!process().ok()) return found;
  const ino_t wanted = pid_namespace(std::to_string(record_.pid));
  if (wanted == 0 || wanted == pid_namespace("self")) return std::vector<pid_t>{record_.pid};
  TRY_SET(std::vector<std::string> names, list_dir("/proc"));
  for (const std::string& name : names) {
    if (name.find_first_not_of("0123456789") != std::string::npos || pid_namespace(name) != wanted) continue;
    if (auto pid = parse_int(name, "pid"); pid.ok()) found.push_back(static_cast<pid_t>(*pid));
  }
  return found;
}

Result<void> Instance::lock() const {
  while (flock(dir_.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return errno_error("locking container " + record_.id);
  }
  return {};
}

std::string Instance::state_json(Status status) const {
  return state_view(record_, status).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace creel::engine::runtime
