#include "engine/runtime/compile_namespaces.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "engine/runtime/compile.h"
#include "engine/runtime/mount_options.h"

namespace creel::engine::runtime {

namespace {

struct Names {
  NamespaceType type;
  int clone_flag;
  const char* name;
  const char* file;  // of /proc/self/ns
};
// In the order of joining: rights over the others come with the user namespace; with the mount namespace go the paths.
constexpr std::array<Names, 8> kNamespaces = {{
    {NamespaceType::kUser, CLONE_NEWUSER, "user", "user"},
    {NamespaceType::kNetwork, CLONE_NEWNET, "network", "net"},
    {NamespaceType::kIpc, CLONE_NEWIPC, "ipc", "ipc"},
    {NamespaceType::kUts, CLONE_NEWUTS, "uts", "uts"},
    {NamespaceType::kCgroup, CLONE_NEWCGROUP, "cgroup", "cgroup"},
    {NamespaceType::kTime, CLONE_NEWTIME, "time", "time"},
    {NamespaceType::kPid, CLONE_NEWPID, "pid", "pid"},
    {NamespaceType::kMount, CLONE_NEWNS, "mount", "mnt"},
}};

Result<void> compile_maps(const Spec& spec, Plan& plan) {
  const Namespace* user = find_namespace(spec, NamespaceType::kUser);
  if (user == nullptr) {
    if (spec.uid_mappings.empty() && spec.gid_mappings.empty()) return {};
    return fail(Code::kInvalid, "mappings of IDs need a new user namespace");
  }
  // One that is joined has its own.
  if (!user->path.empty()) return {};
  if (spec.uid_mappings.empty() || spec.gid_mappings.empty()) {
    return fail(Code::kInvalid, "a new user namespace needs mappings of user and group IDs");
  }
  TRY_SET(plan.uid_map, compile_id_map(spec.uid_mappings));
  TRY_SET(plan.gid_map, compile_id_map(spec.gid_mappings));
  return {};
}

Result<void> compile_time_offsets(const Spec& spec, Plan& plan) {
  if (spec.time_offsets.empty()) return {};
  if (!has_new_namespace(spec, NamespaceType::kTime)) {
    return fail(Code::kInvalid, "offsets of clocks need a new time namespace");
  }
  for (const auto& [clock, offset] : spec.time_offsets) {
    if (clock != "monotonic" && clock != "boottime") return fail(Code::kInvalid, "clock \"" + clock + "\" has no offset");
    if (offset.nanoseconds >= 1000000000) return fail(Code::kInvalid, "offset of clock " + clock + ": more than a second of nanoseconds");
    plan.time_offsets += clock + " " + std::to_string(offset.seconds) + " " + std::to_string(offset.nanoseconds) + "\n";
  }
  return {};
}

Result<void> compile_names(const Spec& spec, Plan& plan) {
  for (const auto& [name, what] : {std::pair{&spec.hostname, "host"}, std::pair{&spec.domainname, "domain"}}) {
    if (name->empty()) continue;
    if (!has_other_namespace(spec, NamespaceType::kUts)) {
      return fail(Code::kInvalid, std::string(what) + " name " + *name + ": the container has no uts namespace of its own");
    }
    if (name->size() > 64) return fail(Code::kInvalid, std::string(what) + " name " + *name + ": longer than 64 bytes");
  }
  plan.hostname = spec.hostname;
  plan.domainname = spec.domainname;
  return {};
}

}  // namespace

const Namespace* find_namespace(const Spec& spec, NamespaceType type) {
  const auto found = std::find_if(spec.namespaces.begin(), spec.namespaces.end(),
                                  [type](const Namespace& one) { return one.type == type; });
  return found == spec.namespaces.end() ? nullptr : &*found;
}

bool has_new_namespace(const Spec& spec, NamespaceType type) {
  const Namespace* found = find_namespace(spec, type);
  return found != nullptr && found->path.empty();
}

bool has_other_namespace(const Spec& spec, NamespaceType type) {
  const Namespace* found = find_namespace(spec, type);
  if (found == nullptr) return false;
  if (found->path.empty()) return true;
  const auto* known = std::find_if(kNamespaces.begin(), kNamespaces.end(), [&](const Names& one) { return one.type == type; });
  struct stat ours{}, theirs{};
  return stat((std::string("/proc/self/ns/") + known->file).c_str(), &ours) != 0 || stat(found->path.c_str(), &theirs) != 0 ||
         ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino;
}

Result<void> compile_namespaces(const Spec& spec, Plan& plan) {
  for (const Names& known : kNamespaces) {
    const auto many = std::count_if(spec.namespaces.begin(), spec.namespaces.end(),
                                    [&](const Namespace& one) { return one.type == known.type; });
    if (many == 0) continue;
    if (many > 1) return fail(Code::kInvalid, std::string("the ") + known.name + " namespace is listed twice");
    const std::string& path = find_namespace(spec, known.type)->path;
    if (!path.empty() && path[0] != '/') {
      return fail(Code::kInvalid,
                  std::string("joining ") + known.name + " namespace \"" + path + "\": an absolute path is expected");
    }
    plan.namespaces.push_back({known.clone_flag, path});
  }
  if (find_namespace(spec, NamespaceType::kMount) == nullptr) {
    return fail(Code::kInvalid, "a container needs a mount namespace: without one its mounts would be the host's");
  }
  TRY(compile_maps(spec, plan));
  TRY(compile_time_offsets(spec, plan));
  return compile_names(spec, plan);
}

std::optional<std::uint32_t> cgroup_owner(const Spec& spec) {
  if (!has_new_namespace(spec, NamespaceType::kCgroup)) return {};
  const auto writable = [](const Mount& mount) {
    if (mount.type != "cgroup" && mount.type != "cgroup2") return false;
    bool out = true;
    for (const std::string& option : mount.options) {
      if (option == "ro" || option == "rro") out = false;
      if (option == "rw" || option == "rrw") out = true;
    }
    return out;
  };
  if (std::none_of(spec.mounts.begin(), spec.mounts.end(), writable)) return {};
  const std::uint32_t uid = spec.process.user.name.empty() ? spec.process.user.uid : 0;
  if (spec.uid_mappings.empty()) return uid;
  for (const IdMapping& range : spec.uid_mappings) {
    if (uid >= range.container_id && uid - range.container_id < range.size) return range.host_id + (uid - range.container_id);
  }
  return {};
}

}  // namespace creel::engine::runtime
