// Spec -> config.json, for other runtimes and for `creel-runtime spec`.
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/runtime/capability_names.h"
#include "engine/runtime/compile.h"
#include "engine/runtime/seccomp/default_policy.h"
#include "engine/runtime/seccomp/policy_json.h"
#include "engine/runtime/seccomp/profile.h"
#include "engine/runtime/spec_json.h"
#include "engine/runtime/spec_json_parts.h"

namespace creel::engine::runtime {

using nlohmann::json;

namespace {

constexpr const char* kVersion = "1.2.0";

template <typename T>
void put(json& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = *value;
}
void put(json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}
void put(json& object, const char* key, const std::vector<std::string>& value) {
  if (!value.empty()) object[key] = value;
}
void put(json& object, const char* key, const std::map<std::string, std::string>& value) {
  if (!value.empty()) object[key] = value;
}
void put(json& object, const char* key, json value) {
  if (!value.empty()) object[key] = std::move(value);
}

json mappings_json(const std::vector<IdMapping>& mappings) {
  json out = json::array();
  for (const IdMapping& map : mappings) {
    out.push_back({{"containerID", map.container_id}, {"hostID", map.host_id}, {"size", map.size}});
  }
  return out;
}

json user_json(const User& user) {
  json out = {{"uid", user.uid}, {"gid", user.gid}};
  put(out, "umask", user.umask);
  if (!user.additional_gids.empty()) out["additionalGids"] = user.additional_gids;
  return out;
}

json capabilities_json(const Capabilities& capabilities) {
  json out = json::object();
  put(out, "bounding", capabilities.bounding);
  put(out, "effective", capabilities.effective);
  put(out, "inheritable", capabilities.inheritable);
  put(out, "permitted", capabilities.permitted);
  put(out, "ambient", capabilities.ambient);
  return out;
}

json scheduler_json(const Scheduler& scheduler) {
  json out = {{"policy", scheduler.policy}};
  if (scheduler.nice != 0) out["nice"] = scheduler.nice;
  if (scheduler.priority != 0) out["priority"] = scheduler.priority;
  put(out, "flags", scheduler.flags);
  if (scheduler.runtime_ns != 0) out["runtime"] = scheduler.runtime_ns;
  if (scheduler.deadline_ns != 0) out["deadline"] = scheduler.deadline_ns;
  if (scheduler.period_ns != 0) out["period"] = scheduler.period_ns;
  return out;
}

json process_json(const Process& process) {
  json out = {{"terminal", process.terminal},
              {"user", user_json(process.user)},
              {"args", process.args},
              {"cwd", process.cwd},
              {"capabilities", capabilities_json(process.capabilities)},
              {"noNewPrivileges", process.no_new_privileges}};
  if (process.rows != 0 || process.columns != 0) {
    out["consoleSize"] = {{"height", process.rows}, {"width", process.columns}};
  }
  put(out, "env", process.env);
  for (const Rlimit& limit : process.rlimits) {
    out["rlimits"].push_back({{"type", limit.type}, {"soft", limit.soft}, {"hard", limit.hard}});
  }
  put(out, "oomScoreAdj", process.oom_score_adj);
  put(out, "apparmorProfile", process.apparmor_profile);
  put(out, "selinuxLabel", process.selinux_label);
  if (process.scheduler) out["scheduler"] = scheduler_json(*process.scheduler);
  if (process.io_priority) {
    out["ioPriority"] = {{"class", process.io_priority->io_class}, {"priority", process.io_priority->priority}};
  }
  json affinity = json::object();
  put(affinity, "initial", process.exec_cpu_affinity.initial);
  put(affinity, "final", process.exec_cpu_affinity.final);
  put(out, "execCPUAffinity", std::move(affinity));
  return out;
}

json mount_json(const Mount& mount) {
  json out = {{"destination", mount.destination}};
  put(out, "type", mount.type);
  put(out, "source", mount.source);
  put(out, "options", mount.options);
  put(out, "uidMappings", mappings_json(mount.uid_mappings));
  put(out, "gidMappings", mappings_json(mount.gid_mappings));
  return out;
}

json hooks_json(const std::vector<Hook>& hooks) {
  json out = json::array();
  for (const Hook& hook : hooks) {
    json one = {{"path", hook.path}};
    put(one, "args", hook.args);
    put(one, "env", hook.env);
    if (hook.timeout_s > 0) one["timeout"] = hook.timeout_s;
    out.push_back(std::move(one));
  }
  return out;
}

json all_hooks_json(const Spec& spec) {
  json out = json::object();
  put(out, "prestart", hooks_json(spec.prestart));
  put(out, "createRuntime", hooks_json(spec.create_runtime));
  put(out, "createContainer", hooks_json(spec.create_container));
  put(out, "startContainer", hooks_json(spec.start_container));
  put(out, "poststart", hooks_json(spec.poststart));
  put(out, "poststop", hooks_json(spec.poststop));
  return out;
}

json rates_json(const std::vector<BlockRate>& rates) {
  json out = json::array();
  for (const BlockRate& one : rates) out.push_back({{"major", one.major}, {"minor", one.minor}, {"rate", one.rate}});
  return out;
}

json block_io_json(const Resources& resources) {
  json out = json::object();
  put(out, "weight", resources.io_weight);
  for (const BlockWeight& one : resources.io_weight_device) {
    out["weightDevice"].push_back({{"major", one.major}, {"minor", one.minor}, {"weight", one.weight}});
  }
  put(out, "throttleReadBpsDevice", rates_json(resources.io_read_bps));
  put(out, "throttleWriteBpsDevice", rates_json(resources.io_write_bps));
  put(out, "throttleReadIOPSDevice", rates_json(resources.io_read_iops));
  put(out, "throttleWriteIOPSDevice", rates_json(resources.io_write_iops));
  return out;
}

// Nothing but what follows is allowed: the default devices are added by whoever reads this.
json device_rules_json(const std::vector<DeviceRule>& rules) {
  json out = json::array();
  const bool complete = !rules.empty() && rules[0].type == 'a' && !rules[0].major && !rules[0].minor;
  if (!complete) out.push_back({{"allow", false}, {"access", "rwm"}});
  for (const DeviceRule& rule : rules) {
    json one = {{"allow", rule.allow}};
    if (rule.type != 'a') one["type"] = std::string(1, rule.type);
    put(one, "major", rule.major);
    put(one, "minor", rule.minor);
    put(one, "access", rule.access);
    out.push_back(std::move(one));
  }
  return out;
}

json resources_json(const Resources& resources) {
  json out = {{"devices", device_rules_json(resources.devices)}};
  json memory = json::object();
  put(memory, "limit", resources.memory_limit);
  put(memory, "reservation", resources.memory_reservation);
  put(memory, "swap", resources.memory_swap);
  if (resources.check_before_update) memory["checkBeforeUpdate"] = true;
  put(out, "memory", std::move(memory));
  json cpu = json::object();
  put(cpu, "shares", resources.cpu_shares);
  put(cpu, "quota", resources.cpu_quota);
  put(cpu, "period", resources.cpu_period);
  put(cpu, "burst", resources.cpu_burst);
  put(cpu, "idle", resources.cpu_idle);
  put(cpu, "cpus", resources.cpuset_cpus);
  put(cpu, "mems", resources.cpuset_mems);
  put(out, "cpu", std::move(cpu));
  if (resources.pids_limit) out["pids"] = {{"limit", *resources.pids_limit}};
  put(out, "blockIO", block_io_json(resources));
  for (const HugepageLimit& one : resources.hugepages) {
    out["hugepageLimits"].push_back({{"pageSize", one.page_size}, {"limit", one.limit}});
  }
  for (const auto& [file, value] : resources.unified) out["unified"][file] = value;
  return out;
}

Result<json> seccomp_json(const Spec& spec) {
  if (spec.seccomp.kind == SeccompKind::kUnconfined) return json();
  TRY_SET(const std::uint64_t bounding, capability_mask(spec.process.capabilities.bounding));
  SeccompPolicy policy;
  if (spec.seccomp.kind == SeccompKind::kDefault) {
    policy = default_policy(bounding);
  } else {
    TRY_SET(policy, parse_seccomp_profile(spec.seccomp.profile, bounding));
  }
  return json::parse(policy_json(policy), nullptr, false);
}

Result<json> linux_json(const Spec& spec) {
  json out = {{"resources", resources_json(spec.resources)}};
  for (const Namespace& one : spec.namespaces) {
    json entry = {{"type", namespace_name(one.type)}};
    put(entry, "path", one.path);
    out["namespaces"].push_back(std::move(entry));
  }
  put(out, "uidMappings", mappings_json(spec.uid_mappings));
  put(out, "gidMappings", mappings_json(spec.gid_mappings));
  for (const auto& [clock, offset] : spec.time_offsets) {
    out["timeOffsets"][clock] = {{"secs", offset.seconds}, {"nanosecs", offset.nanoseconds}};
  }
  for (const Device& device : spec.devices) {
    json one = {{"path", device.path},
                {"type", std::string(1, device.type)},
                {"fileMode", device.mode & 0777},
                {"uid", device.uid},
                {"gid", device.gid}};
    if (device.type != 'p') one.update({{"major", device.major}, {"minor", device.minor}});
    out["devices"].push_back(std::move(one));
  }
  put(out, "cgroupsPath", spec.cgroups_path);
  put(out, "rootfsPropagation", spec.rootfs_propagation);
  TRY_SET(json seccomp, seccomp_json(spec));
  put(out, "seccomp", std::move(seccomp));
  put(out, "sysctl", spec.sysctl);
  put(out, "maskedPaths", spec.masked_paths);
  put(out, "readonlyPaths", spec.readonly_paths);
  put(out, "mountLabel", spec.mount_label);
  if (spec.personality) {
    out["personality"] = {{"domain", spec.personality->domain}};
    put(out["personality"], "flags", spec.personality->flags);
  }
  return out;
}

Result<json> to_json(const Spec& spec) {
  json out = {{"ociVersion", kVersion}, {"root", {{"path", spec.root_path}, {"readonly", spec.root_readonly}}}};
  if (!spec.process.args.empty()) out["process"] = process_json(spec.process);
  put(out, "hostname", spec.hostname);
  put(out, "domainname", spec.domainname);
  for (const Mount& mount : spec.mounts) out["mounts"].push_back(mount_json(mount));
  put(out, "annotations", spec.annotations);
  put(out, "hooks", all_hooks_json(spec));
  TRY_SET(out["linux"], linux_json(spec));
  return out;
}

Result<void> check_resolved(const Spec& spec) {
  const auto refuse = [](const std::string& what) {
    return fail(Code::kInvalid, "writing config.json: " + what + " means nothing to other runtimes");
  };
  if (spec.overlay || spec.root_path.empty()) return refuse("an overlay that is still to be mounted");
  if (!spec.init_path.empty()) return refuse("an init that is still to be put in front");
  if (!spec.process.user.name.empty()) return refuse("the user name " + in_quotes(spec.process.user.name));
  for (const Mount& mount : spec.mounts) {
    if (mount.copy_up) return refuse("the copy of the image's content at " + mount.destination);
    for (const std::string& option : mount.options) {
      if (option == "U" || option == "z" || option == "Z") {
        return refuse("the option " + option + " of the mount on " + mount.destination);
      }
    }
  }
  return {};
}

Mount standard_mount(const char* destination, const char* type, const char* source, std::vector<std::string> options) {
  Mount out;
  out.destination = destination;
  out.type = type;
  out.source = source;
  out.options = std::move(options);
  return out;
}

// As root of its own network; an unprivileged user keeps the host's, and so cannot mount sysfs anew.
void add_standard_mounts(bool rootless, Spec& spec) {
  spec.mounts.push_back(standard_mount("/proc", "proc", "proc", {}));
  spec.mounts.push_back(standard_mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}));
  std::vector<std::string> pts = {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"};
  if (!rootless) pts.emplace_back("gid=5");
  spec.mounts.push_back(standard_mount("/dev/pts", "devpts", "devpts", std::move(pts)));
  spec.mounts.push_back(
      standard_mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}));
  spec.mounts.push_back(standard_mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}));
  if (rootless) {
    spec.mounts.push_back(standard_mount("/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}));
  } else {
    spec.mounts.push_back(standard_mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}));
  }
  spec.mounts.push_back(
      standard_mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}));
}

Spec default_spec(bool rootless) {
  Spec spec;
  spec.root_path = "rootfs";
  spec.root_readonly = true;
  spec.hostname = "creel";
  spec.process.terminal = true;
  spec.process.args = {"sh"};
  spec.process.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"};
  spec.process.no_new_privileges = true;
  const std::vector<std::string> capabilities = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
  spec.process.capabilities.bounding = capabilities;
  spec.process.capabilities.effective = capabilities;
  spec.process.capabilities.permitted = capabilities;
  spec.process.rlimits = {{"RLIMIT_NOFILE", 1024, 1024}};
  add_standard_mounts(rootless, spec);
  spec.namespaces = {{NamespaceType::kPid, {}},
                     {NamespaceType::kIpc, {}},
                     {NamespaceType::kUts, {}},
                     {NamespaceType::kMount, {}},
                     {NamespaceType::kCgroup, {}}};
  if (rootless) {
    spec.namespaces.push_back({NamespaceType::kUser, {}});
    spec.uid_mappings = {{0, geteuid(), 1}};
    spec.gid_mappings = {{0, getegid(), 1}};
  } else {
    spec.namespaces.push_back({NamespaceType::kNetwork, {}});
  }
  spec.seccomp.kind = SeccompKind::kUnconfined;
  spec.masked_paths = default_masked_paths();
  spec.readonly_paths = default_readonly_paths();
  return spec;
}

}  // namespace

Result<std::string> to_json_text(const Spec& spec) {
  TRY(check_resolved(spec));
  TRY_SET(const json out, to_json(spec));
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string default_spec_json(bool rootless) {
  auto out = to_json(default_spec(rootless));
  return out.ok() ? out->dump(2, ' ') + "\n" : std::string();
}

}  // namespace creel::engine::runtime
