#include "engine/runtime/compile.h"

#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "engine/runtime/mount_options.h"
#include "engine/runtime/sysctl.h"

namespace creel::engine::runtime {

namespace {

constexpr const char* kInitPath = "/run/podman-init";

struct Names {
  NamespaceType type;
  int clone_flag;
  const char* name;
};
// In the order of joining: rights over the others come with the user namespace.
constexpr std::array<Names, 7> kNamespaces = {{
    {NamespaceType::kUser, CLONE_NEWUSER, "user"},
    {NamespaceType::kNetwork, CLONE_NEWNET, "network"},
    {NamespaceType::kIpc, CLONE_NEWIPC, "ipc"},
    {NamespaceType::kUts, CLONE_NEWUTS, "uts"},
    {NamespaceType::kCgroup, CLONE_NEWCGROUP, "cgroup"},
    {NamespaceType::kPid, CLONE_NEWPID, "pid"},
    {NamespaceType::kMount, CLONE_NEWNS, "mount"},
}};

const Namespace* find(const Spec& spec, NamespaceType type) {
  const auto found = std::find_if(spec.namespaces.begin(), spec.namespaces.end(),
                                  [type](const Namespace& one) { return one.type == type; });
  return found == spec.namespaces.end() ? nullptr : &*found;
}

bool is_new(const Spec& spec, NamespaceType type) {
  const Namespace* found = find(spec, type);
  return found != nullptr && found->path.empty();
}

Result<void> compile_namespaces(const Spec& spec, Plan& plan) {
  for (const Names& known : kNamespaces) {
    const auto many = std::count_if(spec.namespaces.begin(), spec.namespaces.end(),
                                    [&](const Namespace& one) { return one.type == known.type; });
    if (many == 0) continue;
    if (many > 1) return fail(Code::kInvalid, std::string("the ") + known.name + " namespace is listed twice");
    const std::string& path = find(spec, known.type)->path;
    if (!path.empty() && path[0] != '/') {
      return fail(Code::kInvalid,
                  std::string("joining ") + known.name + " namespace \"" + path + "\": an absolute path is expected");
    }
    // A mount namespace has its root file system already; a PID namespace takes only children of who joins it.
    if (!path.empty() && (known.type == NamespaceType::kMount || known.type == NamespaceType::kPid)) {
      return fail(Code::kUnsupported,
                  std::string("joining ") + known.name + " namespace " + path + " is not built yet");
    }
    plan.namespaces.push_back({known.clone_flag, path});
  }
  return {};
}

Result<std::vector<IdMapStep>> compile_map(const std::vector<IdMapping>& map) {
  std::vector<IdMapStep> out;
  for (const IdMapping& range : map) {
    constexpr std::uint64_t kEnd = std::uint64_t{1} << 32;
    if (range.size == 0 || std::uint64_t{range.container_id} + range.size > kEnd ||
        std::uint64_t{range.host_id} + range.size > kEnd) {
      return fail(Code::kInvalid, "ID mapping " + std::to_string(range.container_id) + ":" +
                                      std::to_string(range.host_id) + ":" + std::to_string(range.size) +
                                      ": not a range of IDs");
    }
    out.push_back({range.container_id, range.host_id, range.size});
  }
  return out;
}

Result<void> compile_maps(const Spec& spec, Plan& plan) {
  const bool wanted = is_new(spec, NamespaceType::kUser);
  if (wanted && (spec.uid_mappings.empty() || spec.gid_mappings.empty())) {
    return fail(Code::kInvalid, "a new user namespace needs mappings of user and group IDs");
  }
  if (!wanted && !(spec.uid_mappings.empty() && spec.gid_mappings.empty())) {
    return fail(Code::kInvalid, "mappings of IDs need a new user namespace");
  }
  TRY_SET(plan.uid_map, compile_map(spec.uid_mappings));
  TRY_SET(plan.gid_map, compile_map(spec.gid_mappings));
  return {};
}

Result<void> compile_root(const Spec& spec, Plan& plan) {
  plan.root_readonly = spec.root_readonly;
  if (!spec.rootfs_propagation.empty()) {
    plan.root_propagation = propagation_of(spec.rootfs_propagation);
    if (plan.root_propagation == 0) {
      return fail(Code::kInvalid, "\"" + spec.rootfs_propagation + "\": unknown propagation of the root file system");
    }
  }
  if (spec.root_path.empty() != spec.overlay.has_value()) {
    return fail(Code::kInvalid, "the root file system is either a directory or an overlay");
  }
  plan.rootfs = spec.root_path;
  if (!spec.overlay) return {};
  if (spec.overlay->upper.empty() != spec.overlay->work.empty()) {
    return fail(Code::kInvalid, "an overlay has both an upper and a work directory, or neither");
  }
  plan.lower = spec.overlay->lower;
  plan.upper = spec.overlay->upper;
  plan.work = spec.overlay->work;
  plan.overlay_user_xattr = spec.overlay->user_xattr;
  plan.overlay_fuse = spec.overlay->fuse;
  plan.fuse_overlayfs = spec.overlay->fuse_program;
  return {};
}

MountStep device_step(const std::string& path, mode_t type, std::uint32_t mode, dev_t device, bool in_userns) {
  MountStep step;
  step.kind = MountStep::Kind::kDevice;
  step.destination = path;
  step.mode = type | (mode & 07777);
  step.device = device;
  // mknod(2) of a device needs the initial user namespace; a FIFO is anybody's.
  if (in_userns && type != S_IFIFO) step.source = path;
  return step;
}

MountStep symlink_step(const char* path, const char* target) {
  MountStep step;
  step.kind = MountStep::Kind::kSymlink;
  step.destination = path;
  step.source = target;
  return step;
}

bool mounted_at(const Spec& spec, const std::string& path) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(),
                     [&](const Mount& mount) { return mount.destination == path; });
}

// A directory of the host as /dev has its own devices, which are not to be changed.
bool own_dev(const Spec& spec) {
  const Mount* dev = nullptr;
  for (const Mount& mount : spec.mounts) {
    if (mount.destination == "/dev") dev = &mount;
  }
  return dev == nullptr || dev->type != "bind";
}

// config-linux.md "Default Devices". /dev/console belongs to the terminal, which the first process mounts itself.
void add_default_devices(const Spec& spec, bool in_userns, Plan& plan) {
  struct Known {
    const char* path;
    unsigned major, minor;
  };
  static constexpr std::array<Known, 6> kDevices = {{{"/dev/null", 1, 3},
                                                     {"/dev/zero", 1, 5},
                                                     {"/dev/full", 1, 7},
                                                     {"/dev/random", 1, 8},
                                                     {"/dev/urandom", 1, 9},
                                                     {"/dev/tty", 5, 0}}};
  static constexpr std::array<std::pair<const char*, const char*>, 6> kLinks = {{{"/dev/fd", "/proc/self/fd"},
                                                                                 {"/dev/stdin", "/proc/self/fd/0"},
                                                                                 {"/dev/stdout", "/proc/self/fd/1"},
                                                                                 {"/dev/stderr", "/proc/self/fd/2"},
                                                                                 {"/dev/core", "/proc/kcore"},
                                                                                 {"/dev/ptmx", "pts/ptmx"}}};
  for (const Known& known : kDevices) {
    if (mounted_at(spec, known.path)) continue;
    plan.mounts.push_back(device_step(known.path, S_IFCHR, 0666, makedev(known.major, known.minor), in_userns));
  }
  for (const auto& [path, target] : kLinks) {
    if (!mounted_at(spec, path)) plan.mounts.push_back(symlink_step(path, target));
  }
}

Result<void> add_devices(const Spec& spec, bool in_userns, Plan& plan) {
  for (const Device& device : spec.devices) {
    if (device.path.empty() || device.path[0] != '/') {
      return fail(Code::kInvalid, "device \"" + device.path + "\": an absolute path is expected");
    }
    const mode_t type = device.type == 'b' ? S_IFBLK : device.type == 'p' ? S_IFIFO : S_IFCHR;
    if (type == S_IFCHR && device.type != 'c' && device.type != 'u') {
      return fail(Code::kInvalid, "device " + device.path + ": unknown type \"" + device.type + "\"");
    }
    if (device.major < 0 || device.minor < 0) {
      return fail(Code::kInvalid, "device " + device.path + ": its numbers must not be negative");
    }
    if (!in_userns && (device.uid != 0 || device.gid != 0)) {
      return fail(Code::kUnsupported, "device " + device.path + " of another owner than root is not built yet");
    }
    plan.mounts.push_back(device_step(device.path, type, device.mode,
                                      makedev(static_cast<unsigned>(device.major), static_cast<unsigned>(device.minor)),
                                      in_userns));
  }
  return {};
}

void add_paths(const std::vector<std::string>& paths, MountStep::Kind kind, Plan& plan) {
  for (const std::string& path : paths) {
    MountStep step;
    step.kind = kind;
    step.destination = path;
    plan.mounts.push_back(std::move(step));
  }
}

// A static init in front of the command: reaps what is left to it and passes signals on.
Result<void> add_init(const Spec& spec, Plan& plan) {
  if (spec.init_path.empty()) return {};
  TRY_SET(MountStep step, compile_mount({kInitPath, "bind", spec.init_path, {"bind", "private", "ro"}}));
  plan.mounts.push_back(std::move(step));
  plan.process.args.insert(plan.process.args.begin(), {kInitPath, "--"});
  return {};
}

Result<void> compile_mounts(const Spec& spec, bool in_userns, Plan& plan) {
  plan.mounts.reserve(spec.mounts.size() + spec.devices.size() + spec.masked_paths.size() + spec.readonly_paths.size() +
                      16);
  for (const Mount& mount : spec.mounts) {
    TRY_SET(MountStep step, compile_mount(mount));
    plan.mounts.push_back(std::move(step));
  }
  if (own_dev(spec)) add_default_devices(spec, in_userns, plan);
  TRY(add_devices(spec, in_userns, plan));
  TRY(add_init(spec, plan));
  add_paths(spec.masked_paths, MountStep::Kind::kMask, plan);
  add_paths(spec.readonly_paths, MountStep::Kind::kReadonly, plan);
  return {};
}

Result<void> compile_sysctls(const Spec& spec, Plan& plan) {
  const SysctlScope scope{is_new(spec, NamespaceType::kNetwork), is_new(spec, NamespaceType::kIpc)};
  for (const auto& [key, value] : spec.sysctl) {
    TRY_SET(auto entry, compile_sysctl(key, value, scope));
    plan.sysctl.push_back(std::move(entry));
  }
  return {};
}

// What a plan cannot say yet is refused, not forgotten.
Result<void> refuse_unbuilt(const Spec& spec) {
  if (!spec.create_runtime.empty() || !spec.create_container.empty() || !spec.start_container.empty() ||
      !spec.poststart.empty() || !spec.poststop.empty()) {
    return fail(Code::kUnsupported, "hooks are not built yet");
  }
  if (!spec.cgroups_path.empty()) {
    return fail(Code::kUnsupported, "cgroup " + spec.cgroups_path + ": placing a container is not built yet");
  }
  return {};
}

}  // namespace

Result<Plan> compile(const Spec& spec, bool in_userns) {
  TRY(refuse_unbuilt(spec));
  Plan plan;
  TRY_SET(plan.process, compile_process(spec.process, spec.seccomp));
  TRY(compile_namespaces(spec, plan));
  TRY(compile_maps(spec, plan));
  TRY(compile_root(spec, plan));
  if (!spec.hostname.empty() && !is_new(spec, NamespaceType::kUts)) {
    return fail(Code::kInvalid, "host name " + spec.hostname + ": the container has no uts namespace of its own");
  }
  plan.hostname = spec.hostname;
  TRY(compile_mounts(spec, in_userns, plan));
  TRY(compile_sysctls(spec, plan));
  return plan;
}

}  // namespace creel::engine::runtime
