#include "engine/container/spec_passes.h"

#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/etc_files.h"
#include "engine/container/passes.h"
#include "engine/container/user_files.h"
#include "engine/runtime/compile.h"
#include "rootless/userns.h"

namespace creel::engine {

namespace {

using runtime::IdMapping;
using runtime::Mount;
using runtime::NamespaceType;
using runtime::Spec;

constexpr long kCgroup2Magic = 0x63677270;

void pass_namespaces(const ContainerConfig& config, const SpecContext& context, Spec& spec) {
  for (NamespaceType type :
       {NamespaceType::kMount, NamespaceType::kPid, NamespaceType::kIpc, NamespaceType::kUts, NamespaceType::kCgroup}) {
    spec.namespaces.push_back({type, {}});
  }
  if (!context.network_namespace.empty()) {
    spec.namespaces.push_back({NamespaceType::kNetwork, context.network_namespace});
  } else if (config.network != "host") {
    spec.namespaces.push_back({NamespaceType::kNetwork, {}});
  }
}

// IDs of the container -> IDs of the engine's user namespace, where 0 is the caller and 1… are the subordinate ones.
std::vector<IdMapping> keep_map(std::uint32_t id, std::uint32_t total) {
  std::vector<IdMapping> out;
  const std::uint32_t below = std::min(id, total - 1);
  if (below > 0) out.push_back({0, 1, below});
  out.push_back({id, 0, 1});
  if (id < total - 1) out.push_back({id + 1, id + 1, total - 1 - id});
  return out;
}

std::uint32_t total_ids(const std::vector<rootless::IdRange>& ranges) {
  std::uint32_t total = 0;
  for (const rootless::IdRange& range : ranges) total += range.count;
  return total;
}

Result<void> pass_user_namespace(const ContainerConfig& config, Spec& spec) {
  const bool keep = config.userns.rfind("keep-id", 0) == 0;
  if (!keep && config.userns != "nomap") return {};
  TRY_SET(rootless::IdMaps maps, rootless::subordinate_maps());
  const std::uint32_t uids = total_ids(maps.uids);
  const std::uint32_t gids = total_ids(maps.gids);
  if (uids < 2 || gids < 2) return fail(Code::kUnavailable, "--userns " + config.userns + " needs subordinate IDs");
  spec.namespaces.push_back({NamespaceType::kUser, {}});
  if (keep) {
    TRY_SET(KeepId ids, parse_keep_id(config.userns));
    spec.uid_mappings = keep_map(ids.uid.value_or(getuid()), uids);
    spec.gid_mappings = keep_map(ids.gid.value_or(getgid()), gids);
  } else {
    spec.uid_mappings = {{0, 1, uids - 1}};
    spec.gid_mappings = {{0, 1, gids - 1}};
  }
  return {};
}

void pass_root(Engine& engine, const ContainerConfig& config, Spec& spec) {
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
  // With keep-id and nomap the layers' files have the engine's IDs, not the container's. A FUSE mount that the container
  // makes in its own user namespace shows them as they are meant; the kernel's cannot, and no image is copied for it.
  const bool own_ids = config.userns.rfind("keep-id", 0) == 0 || config.userns == "nomap";
  overlay.fuse = own_ids || !engine.mount_program().empty();
  overlay.fuse_program = engine.mount_program();
  spec.overlay = std::move(overlay);
}

bool cgroup2_only() {
  struct statfs info {};
  return statfs("/sys/fs/cgroup", &info) == 0 && static_cast<long>(info.f_type) == kCgroup2Magic;
}

std::vector<Mount> default_mounts(const ContainerConfig& config) {
  std::vector<Mount> out = {
      {"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
      {"/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
      {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
  };
  // sysfs shows a network namespace and may be mounted by its owner only.
  if (config.network == "host") {
    out.push_back({"/sys", "bind", "/sys", {"rbind", "rprivate", "nosuid", "noexec", "nodev", "ro"}});
  } else {
    out.push_back({"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}});
    if (cgroup2_only()) {
      out.push_back(
          {"/sys/fs/cgroup", "cgroup", "cgroup", {"rprivate", "nosuid", "noexec", "nodev", "relatime", "ro"}});
    }
  }
  Mount shm{"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777"}};
  if (config.shm_size > 0) shm.options.push_back("size=" + std::to_string(config.shm_size));
  out.push_back(std::move(shm));
  return out;
}

Mount etc_mount(Engine& engine, const ContainerConfig& config, const char* destination, const char* file) {
  return {destination, "bind", etc_file(engine, config, file), {"bind", "rprivate"}};
}

Mount own_mount(Engine& engine, const ContainerConfig& config, const char* destination, const char* file) {
  return {destination, "bind", engine.paths().running(config.id) + "/" + file, {"bind", "rprivate"}};
}

bool has(const std::vector<std::string>& options, std::initializer_list<const char*> any) {
  return std::any_of(options.begin(), options.end(), [&](const std::string& option) {
    return std::any_of(any.begin(), any.end(), [&](const char* one) { return option == one; });
  });
}

Mount user_mount(const VolumeMount& mount) {
  Mount out;
  out.destination = mount.destination;
  for (const std::string& option : mount.options) {
    // SELinux labels are not set here; copying is a flag of its own.
    if (option == "z" || option == "Z" || option == "copy" || option == "nocopy" || option == "notmpcopyup") continue;
    out.options.push_back(option);
  }
  if (mount.type == VolumeMount::Type::kTmpfs) {
    out.type = "tmpfs";
    out.source = "tmpfs";
    if (!has(out.options, {"suid", "nosuid"})) out.options.emplace_back("nosuid");
    if (!has(out.options, {"dev", "nodev"})) out.options.emplace_back("nodev");
    if (!has(mount.options, {"notmpcopyup", "tmpcopyup"})) out.options.emplace_back("tmpcopyup");
    return out;
  }
  out.type = "bind";
  out.source = mount.source;
  if (!has(out.options, {"bind", "rbind"})) out.options.emplace_back("rbind");
  if (!has(out.options, {"shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable", "runbindable"})) {
    out.options.emplace_back("rprivate");
  }
  if (mount.type == VolumeMount::Type::kVolume) {
    if (!has(out.options, {"suid", "nosuid"})) out.options.emplace_back("nosuid");
    if (!has(out.options, {"dev", "nodev"})) out.options.emplace_back("nodev");
    out.copy_up = !has(mount.options, {"nocopy"});
  }
  return out;
}

void pass_mounts_of(Engine& engine, const ContainerConfig& config, Spec& spec) {
  std::set<std::string> taken;
  for (const VolumeMount& mount : config.mounts) taken.insert(mount.destination);
  // Creel's own come first, unless the user has put something of theirs in the place.
  for (Mount& mount : default_mounts(config)) {
    if (!taken.contains(mount.destination)) spec.mounts.push_back(std::move(mount));
  }
  std::vector<Mount> rest;
  for (const VolumeMount& mount : config.mounts) rest.push_back(user_mount(mount));
  if (config.read_only) {
    for (const char* path : {"/run", "/tmp", "/var/tmp"}) {
      if (!taken.contains(path))
        rest.push_back({path, "tmpfs", "tmpfs", {"rw", "rprivate", "nosuid", "nodev", "tmpcopyup"}});
    }
  }
  if (!config.no_hosts && !taken.contains("/etc/hosts"))
    rest.push_back(etc_mount(engine, config, "/etc/hosts", "hosts"));
  const bool no_dns = !config.dns.empty() && config.dns.front() == "none";
  if (!no_dns && !taken.contains("/etc/resolv.conf")) {
    rest.push_back(etc_mount(engine, config, "/etc/resolv.conf", "resolv.conf"));
  }
  if (!taken.contains("/etc/hostname")) rest.push_back(own_mount(engine, config, "/etc/hostname", "hostname"));
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
}

std::string rlimit_type(const std::string& name) {
  std::string out = name.rfind("RLIMIT_", 0) == 0 ? name : "RLIMIT_" + name;
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

Result<void> pass_rlimits(const ContainerConfig& config, runtime::Process& process) {
  // As many open files and processes as this user may have, not the small soft limit of a shell.
  rlimit limit{};
  if (std::find(config.ulimits.begin(), config.ulimits.end(), "host") == config.ulimits.end()) {
    for (const auto& [resource, type] :
         {std::pair{RLIMIT_NOFILE, "RLIMIT_NOFILE"}, std::pair{RLIMIT_NPROC, "RLIMIT_NPROC"}}) {
      if (getrlimit(resource, &limit) != 0) continue;
      const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, 1048576);
      process.rlimits.push_back({type, wanted, wanted});
    }
  }
  for (const std::string& text : config.ulimits) {
    if (text == "host") continue;
    const Cut pair = cut(text, '=');
    const Cut limits = cut(pair.after, ':');
    TRY_SET(std::int64_t soft, parse_int(limits.before, "ulimit"));
    std::int64_t hard = soft;
    if (limits.found) {
      TRY_SET(hard, parse_int(limits.after, "ulimit"));
    }
    runtime::Rlimit entry{rlimit_type(pair.before), soft < 0 ? RLIM_INFINITY : static_cast<std::uint64_t>(soft),
                          hard < 0 ? RLIM_INFINITY : static_cast<std::uint64_t>(hard)};
    std::erase_if(process.rlimits, [&](const runtime::Rlimit& old) { return old.type == entry.type; });
    process.rlimits.push_back(std::move(entry));
  }
  return {};
}

}  // namespace

bool is_root_user(const std::string& user) {
  const std::string name = user.substr(0, user.find(':'));
  return name.empty() || name == "root" || name.find_first_not_of('0') == std::string::npos;
}

runtime::Seccomp make_seccomp(const ContainerConfig& config) {
  if (config.seccomp.empty()) return {};
  if (config.seccomp == "unconfined") return {runtime::SeccompKind::kUnconfined, {}};
  return {runtime::SeccompKind::kProfile, config.seccomp};
}

Result<runtime::Process> make_process(const ContainerConfig& config, const std::string& user) {
  runtime::Process process;
  process.terminal = config.tty;
  process.user.name = user;
  process.user.umask = config.umask;
  process.env = config.env;
  process.cwd = config.workdir;
  process.no_new_privileges = config.no_new_privileges;
  TRY_SET(std::vector<std::string> granted, runtime::capability_set(config.cap_add, config.cap_drop));
  process.capabilities.bounding = granted;
  if (is_root_user(user)) {
    process.capabilities.effective = granted;
    process.capabilities.permitted = granted;
  } else if (!config.cap_add.empty()) {
    // Another user has what was added by name, and keeps it over exec.
    const bool all = std::any_of(config.cap_add.begin(), config.cap_add.end(),
                                 [](const std::string& name) { return name == "ALL" || name == "all"; });
    std::vector<std::string> added;
    for (const std::string& name : granted) {
      const bool asked = std::any_of(config.cap_add.begin(), config.cap_add.end(), [&](std::string text) {
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        if (text.rfind("CAP_", 0) != 0) text.insert(0, "CAP_");
        return text == name;
      });
      if (asked || all) added.push_back(name);
    }
    process.capabilities.effective = added;
    process.capabilities.permitted = added;
    process.capabilities.inheritable = added;
    process.capabilities.ambient = added;
  }
  TRY(pass_rlimits(config, process));
  return process;
}

Result<Spec> make_spec(Engine& engine, const ContainerConfig& config, const SpecContext& context) {
  Spec spec;
  TRY_SET(spec.process, make_process(config, config.user));
  spec.process.args = config.entrypoint;
  spec.process.args.insert(spec.process.args.end(), config.command.begin(), config.command.end());
  spec.process.create_cwd = config.create_workdir;
  spec.process.rows = context.rows;
  spec.process.columns = context.columns;
  spec.hostname = config.hostname;
  spec.annotations = config.annotations;
  spec.seccomp = make_seccomp(config);
  if (config.init) spec.init_path = config.init_path;
  pass_namespaces(config, context, spec);
  TRY(pass_user_namespace(config, spec));
  pass_root(engine, config, spec);
  pass_mounts_of(engine, config, spec);
  spec.masked_paths = runtime::default_masked_paths();
  spec.readonly_paths = runtime::default_readonly_paths();
  return spec;
}

}  // namespace creel::engine
