#include "engine/container/joined_namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/container/state.h"

namespace creel::engine {

namespace {

using runtime::NamespaceType;

const char* file_of(NamespaceType type) {
  switch (type) {
    case NamespaceType::kUser:
      return "user";
    case NamespaceType::kMount:
      return "mnt";
    case NamespaceType::kPid:
      return "pid";
    case NamespaceType::kIpc:
      return "ipc";
    case NamespaceType::kUts:
      return "uts";
    case NamespaceType::kNetwork:
      return "net";
    case NamespaceType::kCgroup:
      return "cgroup";
    case NamespaceType::kTime:
      return "time";
  }
  return "user";
}

bool has_ended(int pidfd) {
  pollfd ended{pidfd, POLLIN, 0};
  return poll(&ended, 1, 0) != 0;
}

bool same_namespace(const std::string& a, const std::string& b) {
  struct stat one {
  }, other{};
  return stat(a.c_str(), &one) == 0 && stat(b.c_str(), &other) == 0 && one.st_ino == other.st_ino &&
         one.st_dev == other.st_dev;
}

std::string of_process(pid_t pid, NamespaceType type) {
  return "/proc/" + std::to_string(pid) + "/ns/" + file_of(type);
}

// A running container that lends its namespaces.
struct Lender {
  std::string id;
  pid_t pid = 0, monitor = 0;
  Fd pidfd, monitor_pidfd;
  bool shares_shm = false;

  // What was opened by a PID is its namespace if the process still runs afterwards.
  [[nodiscard]] Result<Fd> open(pid_t of, NamespaceType type) const {
    auto ns = open_file(of_process(of, type), O_RDONLY);
    if (has_ended(of == pid ? pidfd.get() : monitor_pidfd.get())) return not_running(id);
    return ns;
  }
  static Error not_running(const std::string& id) {
    return fail(Code::kInUse, "cannot get namespace path unless container " + id + " is running: container is stopped");
  }
};

Result<Lender> lender(Engine& engine, const std::string& name) {
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  const monitor::Observed observed = observe(engine, record.id);
  auto pidfd = first_process(observed);
  if (!pidfd.ok()) return Lender::not_running(record.id);
  TRY_SET(const ContainerConfig config, config_of(record));
  const monitor::StateRecord& state = *observed.state;
  auto monitor_pidfd = pidfd_open(state.monitor_pid);
  if (!monitor_pidfd.ok() || process_start_time(state.monitor_pid) != state.monitor_start_time) return Lender::not_running(record.id);
  return Lender{record.id, state.pid, state.monitor_pid, std::move(*pidfd), std::move(*monitor_pidfd), config.ipc != "none"};
}

Result<void> join_container(Engine& engine, NamespaceType type, const std::string& name, JoinedNamespaces& out) {
  auto found = lender(engine, name);
  if (!found.ok() && found.error().code == Code::kNotFound) {
    return std::move(found).error().within(std::string("looking up container to share ") + file_of(type) +
                                           " namespace with");
  }
  TRY_SET(Lender other, std::move(found));
  // Its monitor is root of the namespace that owns the container's, whatever that has of its own.
  if (engine.rootless() && !out.user_namespace.valid()) {
    TRY_SET(out.user_namespace, other.open(other.monitor, NamespaceType::kUser));
  }
  const std::string path = of_process(other.pid, type);
  // One that shares the host's has none to lend, nor may it be joined: it is where we are.
  const std::string here = type == NamespaceType::kUser ? of_process(other.monitor, type)
                                                        : std::string("/proc/self/ns/") + file_of(type);
  out.paths[type] = same_namespace(path, here) ? std::string() : path;
  TRY_SET(out.opened[path], other.open(other.pid, type));
  const std::string mounts = of_process(other.pid, NamespaceType::kMount);
  if (type == NamespaceType::kPid) out.proc = mounts;
  if (type == NamespaceType::kIpc && other.shares_shm) out.shm = mounts;
  if (type == NamespaceType::kPid || type == NamespaceType::kIpc) {
    TRY_SET(out.opened[mounts], other.open(other.pid, NamespaceType::kMount));
  }
  return {};
}

Result<void> join_path(Engine& engine, NamespaceType type, const std::string& path, JoinedNamespaces& out) {
  TRY_SET(Fd ns, open_file(path, O_RDONLY));
  out.paths[type] = same_namespace(path, std::string("/proc/self/ns/") + file_of(type)) ? std::string() : path;
  if (!engine.rootless() || out.user_namespace.valid() || out.paths[type].empty()) return {};
  // The one that owns it, or for a user namespace the one around it, is where rights over it are. Not ours to enter: then
  // the kernel says so when it is joined.
  Fd owner(ioctl(ns.get(), type == NamespaceType::kUser ? NS_GET_PARENT : NS_GET_USERNS));
  if (!owner.valid()) return {};
  fcntl(owner.get(), F_SETFD, FD_CLOEXEC);
  if (!same_namespace("/proc/self/fd/" + std::to_string(owner.get()), "/proc/self/ns/user")) {
    out.user_namespace = std::move(owner);
  }
  return {};
}

NamespaceModes modes_of(const std::string& network, const std::string& ipc, const std::string& pid,
                        const std::string& uts, const std::string& cgroup, const std::string& user) {
  return {{NamespaceType::kNetwork, network}, {NamespaceType::kIpc, ipc},       {NamespaceType::kPid, pid},
          {NamespaceType::kUts, uts},         {NamespaceType::kCgroup, cgroup}, {NamespaceType::kUser, user}};
}

}  // namespace

NamespaceModes namespace_modes(const CreateOptions& options) {
  return modes_of(options.network.empty() ? std::string() : options.network.front(), options.ipc, options.pid,
                  options.uts, options.cgroupns, options.userns);
}

NamespaceModes namespace_modes(const ContainerConfig& config) {
  return modes_of(config.network, config.ipc, config.pid, config.uts, config.cgroupns, config.userns);
}

std::vector<std::string> lenders(const ContainerConfig& config) {
  std::vector<std::string> out;
  for (const auto& [type, mode] : namespace_modes(config)) {
    if (mode.rfind("container:", 0) != 0) continue;
    std::string id = mode.substr(10);
    if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(std::move(id));
  }
  return out;
}

Result<JoinedNamespaces> join_namespaces(Engine& engine, const NamespaceModes& modes) {
  JoinedNamespaces out;
  for (const auto& [type, mode] : modes) {
    if (mode.rfind("container:", 0) == 0) TRY(join_container(engine, type, mode.substr(10), out));
  }
  for (const auto& [type, mode] : modes) {
    if (mode.rfind("ns:", 0) == 0) TRY(join_path(engine, type, mode.substr(3), out));
  }
  return out;
}

}  // namespace creel::engine
