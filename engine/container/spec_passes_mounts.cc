// The container's file systems: its root, /proc, /sys, /dev, and what is mounted beneath.
#include <sys/vfs.h>

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/etc_files.h"
#include "engine/container/joined_namespaces.h"
#include "engine/container/passes.h"
#include "engine/container/spec_passes.h"
#include "engine/container/user_files.h"
#include "engine/container/user_mounts.h"

namespace creel::engine {

namespace {

using runtime::Mount;
using runtime::NamespaceType;
using runtime::Spec;

constexpr long kCgroup2Magic = 0x63677270;

bool cgroup2_only() {
  struct statfs info {};
  return statfs("/sys/fs/cgroup", &info) == 0 && static_cast<long>(info.f_type) == kCgroup2Magic;
}

// The caller's own namespace is used: by name, or by that of a container that uses it.
bool is_host(const std::string& mode, NamespaceType type, const SpecContext& context) {
  if (mode == "host") return true;
  const std::string* path = joins(mode) ? joined_path(context, type) : nullptr;
  return path != nullptr && path->empty();
}

// As it is in the mount namespace `lender`.
Mount bound_from(const std::string& lender, const char* path) {
  Mount out{path, "bind", path, {"rbind", "rprivate", "nosuid", "noexec", "nodev"}};
  out.source_namespace = lender;
  return out;
}

// procfs and sysfs show a namespace, and may be mounted by its owner only: else the host's are bound.
Mount proc_mount(const Engine& engine, const ContainerConfig& config, const SpecContext& context) {
  const bool own_ids = maps_own_ids(config) || joins(config.userns);
  if (is_host(config.pid, NamespaceType::kPid, context) && (engine.rootless() || own_ids)) {
    return {"/proc", "bind", "/proc", {"rbind", "rprivate", "nosuid", "noexec", "nodev"}};
  }
  if (maps_own_ids(config) && context.joined != nullptr && !context.joined->proc.empty()) {
    return bound_from(context.joined->proc, "/proc");
  }
  Mount out{"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}};
  for (const std::string& option : split(config.proc_opts, ',')) {
    if (!option.empty()) out.options.push_back(option);
  }
  return out;
}

bool unmasked(const ContainerConfig& config, const std::string& path) {
  return config.privileged || is_unmasked(config.unmask, path);
}

void add_sys(const ContainerConfig& config, const SpecContext& context, std::vector<Mount>& out) {
  const std::string access = config.privileged ? "rw" : "ro";
  if (is_host(config.network, NamespaceType::kNetwork, context)) {
    out.push_back({"/sys", "bind", "/sys", {"rbind", "rprivate", "nosuid", "noexec", "nodev", access}});
    return;
  }
  out.push_back({"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", access}});
  if (!cgroup2_only()) return;
  const bool writable = config.systemd || unmasked(config, "/sys/fs/cgroup");
  out.push_back({"/sys/fs/cgroup",
                 "cgroup",
                 "cgroup",
                 {"rprivate", "nosuid", "noexec", "nodev", "relatime", writable ? "rw" : "ro"}});
}

void add_ipc(const ContainerConfig& config, const SpecContext& context, std::vector<Mount>& out) {
  if (is_host(config.ipc, NamespaceType::kIpc, context)) {
    for (const char* path : {"/dev/mqueue", "/dev/shm"}) {
      if (path_exists(path)) out.push_back({path, "bind", path, {"rbind", "rprivate", "nosuid", "noexec", "nodev"}});
    }
    return;
  }
  const std::string lender = context.joined == nullptr ? std::string() : context.joined->shm;
  if (!maps_own_ids(config) || !joins(config.ipc)) {
    out.push_back({"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}});
  } else if (!lender.empty()) {
    out.push_back(bound_from(lender, "/dev/mqueue"));
  }
  if (config.ipc == "none") return;
  if (!lender.empty()) {
    out.push_back(bound_from(lender, "/dev/shm"));
    return;
  }
  Mount shm{"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777"}};
  if (config.shm_size > 0) shm.options.push_back("size=" + std::to_string(config.shm_size));
  if (config.read_only && config.no_tmpfs) shm.options.emplace_back("ro");
  out.push_back(std::move(shm));
}

std::vector<Mount> default_mounts(const Engine& engine, const ContainerConfig& config, const SpecContext& context) {
  std::vector<Mount> out = {
      proc_mount(engine, config, context),
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
      {"/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
  };
  add_sys(config, context, out);
  add_ipc(config, context, out);
  return out;
}

// What an init system expects to find in memory.
std::vector<std::string> tmpfs_paths(const ContainerConfig& config) {
  if (config.systemd) return {"/run", "/run/lock", "/tmp", "/var/log/journal"};
  if (config.read_only && !config.no_tmpfs) return {"/run", "/tmp", "/var/tmp"};
  return {};
}

Result<void> add_time_zone(const ContainerConfig& config, std::vector<Mount>& out) {
  if (config.tz.empty()) return {};
  TRY_SET(const std::string file, time_zone_file(config.tz));
  out.push_back({"/etc/localtime", "bind", file, {"bind", "rprivate", "ro"}});
  return {};
}

Mount etc_mount(Engine& engine, const ContainerConfig& config, const char* destination, const char* file) {
  return {destination, "bind", etc_file(engine, config, file), {"bind", "rprivate"}};
}

Mount own_mount(Engine& engine, const ContainerConfig& config, const char* destination, const char* file) {
  return {destination, "bind", engine.paths().running(config.id) + "/" + file, {"bind", "rprivate"}};
}

}  // namespace

Result<void> pass_spec_mounts(Engine& engine, const ContainerConfig& config, const SpecContext& context, Spec& spec) {
  std::set<std::string> taken;
  for (const VolumeMount& mount : config.mounts) taken.insert(mount.destination);
  // Creel's own come first, unless the user has put something of theirs in the place.
  for (Mount& mount : default_mounts(engine, config, context)) {
    if (!taken.contains(mount.destination)) spec.mounts.push_back(std::move(mount));
  }
  std::vector<Mount> rest;
  if (!config.mounts.empty()) {
    TRY_SET(rest, user_mounts(engine, config));
  }
  for (const std::string& path : tmpfs_paths(config)) {
    if (taken.contains(path)) continue;
    rest.push_back({path, "tmpfs", "tmpfs", {"rw", "rprivate", "nosuid", "nodev", "tmpcopyup"}});
    if (config.systemd && config.shm_size_systemd > 0)
      rest.back().options.push_back("size=" + std::to_string(config.shm_size_systemd));
  }
  if (!taken.contains("/etc/localtime")) TRY(add_time_zone(config, rest));
  if (!config.no_hosts && !taken.contains("/etc/hosts"))
    rest.push_back(etc_mount(engine, config, "/etc/hosts", "hosts"));
  const bool no_dns = !config.dns.empty() && config.dns.front() == "none";
  if (!no_dns && !taken.contains("/etc/resolv.conf")) {
    rest.push_back(etc_mount(engine, config, "/etc/resolv.conf", "resolv.conf"));
  }
  if (!config.no_hostname && !taken.contains("/etc/hostname")) rest.push_back(own_mount(engine, config, "/etc/hostname", "hostname"));
  if (!taken.contains("/run/.containerenv")) {
    rest.push_back(own_mount(engine, config, "/run/.containerenv", "containerenv"));
  }
  for (const auto& [destination, file] : {std::pair{"/etc/passwd", "passwd"}, std::pair{"/etc/group", "group"}}) {
    const bool made = wants_user_files(config) && path_exists(engine.paths().running(config.id) + "/" + file);
    if (made && !taken.contains(destination)) rest.push_back(own_mount(engine, config, destination, file));
  }
  // A mount beneath another comes after it.
  auto depth = [](const Mount& mount) { return std::count(mount.destination.begin(), mount.destination.end(), '/'); };
  std::stable_sort(rest.begin(), rest.end(), [&](const Mount& a, const Mount& b) { return depth(a) < depth(b); });
  for (Mount& mount : rest) spec.mounts.push_back(std::move(mount));
  // A read-only volume is that all the way down.
  for (Mount& mount : spec.mounts) mount.deep = mount.type == "bind";
  return {};
}

void pass_spec_root(Engine& engine, const ContainerConfig& config, Spec& spec) {
  spec.root_readonly = config.read_only;
  if (!config.rootfs.empty()) {
    spec.root_path = config.rootfs;
    return;
  }
  runtime::Overlay overlay;
  for (auto layer = config.layers.rbegin(); layer != config.layers.rend(); ++layer) {
    overlay.lower.push_back(engine.paths().layer(*layer));
  }
  const std::string dir = engine.paths().container(config.id);
  overlay.upper = dir + "/upper";
  overlay.work = dir + "/work";
  overlay.user_xattr = engine.rootless();
  overlay.discarded = config.remove;
  // With IDs of its own the layers' files have the engine's IDs, not the container's. A FUSE mount that the container
  // makes in its own user namespace shows them as they are meant; the kernel's cannot, and no image is copied for it.
  overlay.fuse = has_user_namespace(spec) || !engine.mount_program().empty();
  overlay.fuse_program = engine.mount_program();
  spec.overlay = std::move(overlay);
}

}  // namespace creel::engine
