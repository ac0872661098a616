#include "engine/container/processes.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/id_names.h"
#include "engine/container/process_reader.h"
#include "engine/container/state.h"
#include "engine/container/user_files.h"
#include "engine/runtime/cgroup/cgroup.h"

namespace creel::engine {

namespace {

constexpr std::size_t kLargestFile = 8 << 20;

// Inode of a process's PID namespace; 0 where it cannot be seen.
ino_t pid_namespace(const std::string& pid) {
  struct stat info {};
  return stat(("/proc/" + pid + "/ns/pid").c_str(), &info) == 0 ? info.st_ino : 0;
}

Result<std::vector<pid_t>> all_pids() {
  TRY_SET(const std::vector<std::string> names, list_dir("/proc"));
  std::vector<pid_t> out;
  for (const std::string& name : names) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (auto pid = parse_int(name, "pid"); pid.ok()) out.push_back(static_cast<pid_t>(*pid));
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Of a container that shares the host's processes.
Result<std::vector<RawProcess>> its_own(const monitor::StateRecord& state, const Moment& moment) {
  std::set<pid_t> members;
  if (!state.cgroup.empty()) {
    auto group = runtime::Cgroup::open(state.cgroup);
    if (group.ok()) {
      TRY_SET(const std::vector<pid_t> processes, group->processes());
      members.insert(processes.begin(), processes.end());
    }
  }
  const bool counted = !members.empty();
  if (!counted) members.insert(state.pid);
  TRY_SET(const std::vector<pid_t> pids, all_pids());
  std::vector<RawProcess> all;
  for (const pid_t pid : pids) {
    if (auto process = read_process(pid, moment)) all.push_back(std::move(*process));
  }
  // A child's number may be lower than its parent's: until no more are found.
  for (bool more = !counted; more;) {
    more = false;
    for (const RawProcess& process : all) {
      if (members.contains(process.host_parent)) more = members.insert(process.info.host_pid).second || more;
    }
  }
  std::erase_if(all, [&](const RawProcess& process) { return !members.contains(process.info.host_pid); });
  return all;
}

Result<std::vector<RawProcess>> of_namespace(ino_t wanted, const Moment& moment) {
  TRY_SET(const std::vector<pid_t> pids, all_pids());
  std::vector<RawProcess> out;
  for (const pid_t pid : pids) {
    if (pid_namespace(std::to_string(pid)) != wanted) continue;
    if (auto process = read_process(pid, moment)) out.push_back(std::move(*process));
  }
  return out;
}

// What the container itself sees; where its root cannot be looked into from here (FUSE), what its files were made of.
std::string file_of_container(Engine& engine, const ContainerConfig& config, pid_t pid, const std::string& name) {
  if (auto root = open_file("/proc/" + std::to_string(pid) + "/root", O_PATH | O_DIRECTORY); root.ok()) {
    auto file = open_in_root(root->get(), name, O_RDONLY | O_NONBLOCK);
    if (file.ok()) {
      auto text = read_all(file->get(), kLargestFile);
      if (text.ok()) return *text;
    }
  }
  const std::string own = engine.paths().running(config.id) + "/" + name.substr(name.rfind('/') + 1);
  if (auto text = read_file(own, kLargestFile); text.ok() && wants_user_files(config)) return *text;
  return file_of_image(engine, config, name);
}

IdView view_of(pid_t pid, const char* file) {
  auto text = read_file("/proc/" + std::to_string(pid) + "/" + file, 65536);
  return IdView(text.ok() ? *text : std::string());
}

IdNames host_names(const char* path) {
  auto text = read_file(path, kLargestFile);
  return IdNames(text.ok() ? *text : std::string());
}

class Namer {
 public:
  Namer(Engine& engine, const ContainerConfig& config, pid_t pid)
      : users_(file_of_container(engine, config, pid, "etc/passwd")),
        groups_(file_of_container(engine, config, pid, "etc/group")),
        host_users_(host_names("/etc/passwd")),
        host_groups_(host_names("/etc/group")),
        uids_(view_of(pid, "uid_map")),
        gids_(view_of(pid, "gid_map")) {}

  void name(RawProcess& raw) const {
    ProcessInfo& info = raw.info;
    info.user = users_.of(uids_.inside(raw.uid));
    info.real_user = users_.of(uids_.inside(raw.real_uid));
    info.group_name = groups_.of(gids_.inside(raw.gid));
    info.real_group = groups_.of(gids_.inside(raw.real_gid));
    std::vector<std::uint32_t> inside;
    for (const std::uint32_t gid : raw.groups) inside.push_back(gids_.inside(gid));
    info.groups = groups_.of(inside);
    info.host_user = host_users_.of(raw.uid);
    info.host_group = host_groups_.of(raw.gid);
    info.host_groups = host_groups_.of(raw.groups);
  }

 private:
  IdNames users_, groups_, host_users_, host_groups_;
  IdView uids_, gids_;
};

}  // namespace

Result<std::vector<ProcessInfo>> processes_of(Engine& engine, const std::string& name) {
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  const monitor::Observed observed = observe(engine, record.id);
  const auto not_running = [] { return fail(Code::kInUse, "top can only be used on running containers"); };
  auto first = first_process(observed);
  if (!first.ok() || !is_alive(observed)) return not_running();
  TRY_SET(const ContainerConfig config, config_of(record));
  const pid_t pid = observed.state->pid;
  const Moment moment = Moment::now();
  const ino_t theirs = pid_namespace(std::to_string(pid));
  const bool shared = theirs == 0 || theirs == pid_namespace("self");
  TRY_SET(std::vector<RawProcess> found, shared ? its_own(*observed.state, moment) : of_namespace(theirs, moment));
  const Namer namer(engine, config, pid);
  std::map<pid_t, pid_t> inner;
  for (const RawProcess& one : found) inner.emplace(one.info.host_pid, one.info.pid);
  // Else what was read may be somebody else's, who has the PID now.
  pollfd ended{first->get(), POLLIN, 0};
  if (poll(&ended, 1, 0) != 0) return not_running();
  std::vector<ProcessInfo> out;
  for (RawProcess& one : found) {
    namer.name(one);
    const auto parent = inner.find(one.host_parent);
    if (parent != inner.end()) one.info.parent = parent->second;
    if (parent == inner.end() && shared) one.info.parent = one.host_parent;
    out.push_back(std::move(one.info));
  }
  std::sort(out.begin(), out.end(), [](const ProcessInfo& a, const ProcessInfo& b) { return a.pid < b.pid; });
  return out;
}

}  // namespace creel::engine
