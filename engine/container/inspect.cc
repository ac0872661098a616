// The document of `inspect --type container`, with the keys that Podman's has.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/container/container.h"
#include "engine/container/etc_files.h"
#include "engine/container/id_maps.h"
#include "engine/container/inspect_limits.h"
#include "engine/container/joined_namespaces.h"
#include "engine/container/runtime_choice.h"
#include "engine/container/spec_passes.h"
#include "engine/container/size.h"
#include "engine/container/state.h"
#include "engine/health/health.h"
#include "engine/json.h"
#include "engine/runtime/compile.h"
#include "net/slirp.h"

namespace creel::engine {

using nlohmann::json;

namespace {

constexpr const char* kNever = "0001-01-01T00:00:00Z";

std::string time_or_never(std::int64_t ns) {
  return ns == 0 ? kNever : format_rfc3339(ns);
}

json health_check_of(const HealthCheckConfig& check, bool startup) {
  json out = {{"Test", check.test}};
  for (const auto& [key, ns] : {std::pair{"StartPeriod", check.start_period_ns}, std::pair{"StartInterval", check.start_interval_ns},
                                std::pair{"Interval", check.interval_ns}, std::pair{"Timeout", check.timeout_ns},
                                std::pair{"Retries", check.retries}}) {
    if (ns != 0) out[key] = ns;
  }
  if (startup && check.successes != 0) out["Successes"] = check.successes;
  return out;
}

json health_of(const monitor::HealthRecord& record) {
  json out = {{"Status", monitor::to_string(record.status)}, {"FailingStreak", record.failing_streak}, {"Log", nullptr}};
  for (const monitor::Probe& probe : record.log) {
    out["Log"].push_back({{"Start", format_rfc3339(probe.start_ns)},
                          {"End", format_rfc3339(probe.end_ns)},
                          {"ExitCode", probe.code},
                          {"Output", probe.output}});
  }
  return out;
}

json state_of(const monitor::Observed& observed) {
  json state = json::object();
  const bool alive = is_alive(observed);
  state["OciVersion"] = "1.1.0";
  state["Status"] = monitor::to_string(observed.status);
  state["Running"] = observed.status == monitor::Status::kRunning;
  state["Paused"] = observed.status == monitor::Status::kPaused;
  state["Restarting"] = observed.status == monitor::Status::kRestarting;
  state["OOMKilled"] = !alive && observed.exit && observed.exit->oom_killed;
  state["Dead"] = false;
  state["Pid"] = has_first_process(observed) && observed.state ? observed.state->pid : 0;
  state["ConmonPid"] = observed.state ? observed.state->monitor_pid : 0;
  state["ExitCode"] = !alive && observed.exit ? observed.exit->code : 0;
  state["Error"] = !alive && observed.exit ? observed.exit->error : std::string();
  std::int64_t started = 0;
  if (alive && observed.state) started = observed.state->started_ns;
  if (!alive && observed.exit) started = observed.exit->started_ns;
  state["StartedAt"] = time_or_never(started);
  state["FinishedAt"] = time_or_never(!alive && observed.exit ? observed.exit->finished_ns : 0);
  state["CgroupPath"] = has_first_process(observed) && observed.state ? observed.state->cgroup : std::string();
  state["CheckpointedAt"] = kNever;
  state["RestoredAt"] = kNever;
  state["Checkpointed"] = false;
  state["Restored"] = false;
  return state;
}

json config_section(const ContainerConfig& config) {
  json out = json::object();
  out["Hostname"] = config.hostname;
  out["Domainname"] = config.domainname;
  out["User"] = config.user;
  out["AttachStdin"] = false;
  out["AttachStdout"] = false;
  out["AttachStderr"] = false;
  out["Tty"] = config.tty;
  out["OpenStdin"] = config.open_stdin;
  out["StdinOnce"] = false;
  out["Env"] = config.env;
  out["Cmd"] = config.command.empty() ? json(nullptr) : json(config.command);
  out["Image"] = config.image;
  json volumes = nullptr;
  json exposed = nullptr;
  for (const VolumeMount& mount : config.mounts) {
    if (mount.type == VolumeMount::Type::kVolume && mount.anonymous) volumes[mount.destination] = json::object();
  }
  for (const std::string& port : config.exposed) exposed[port] = json::object();
  out["Volumes"] = volumes;
  out["ExposedPorts"] = exposed;
  out["WorkingDir"] = config.workdir;
  out["Entrypoint"] = config.entrypoint.empty() ? json(nullptr) : json(config.entrypoint);
  out["OnBuild"] = nullptr;
  out["Labels"] = config.labels.empty() ? json(nullptr) : json(config.labels);
  out["Annotations"] = config.annotations.empty() ? json(nullptr) : json(config.annotations);
  out["StopSignal"] = config.stop_signal;
  out["HealthcheckOnFailureAction"] = config.health.on_failure;
  out["HealthLogDestination"] = config.health.log_destination;
  out["HealthcheckMaxLogCount"] = config.health.log_count;
  out["HealthcheckMaxLogSize"] = config.health.log_size;
  if (!config.health.check.test.empty()) out["Healthcheck"] = health_check_of(config.health.check, false);
  if (config.health.startup.runs()) out["StartupHealthCheck"] = health_check_of(config.health.startup, true);
  out["CreateCommand"] = config.create_command;
  out["SystemdMode"] = config.systemd;
  char umask[8];
  std::snprintf(umask, sizeof umask, "%04o", config.umask.value_or(022) & 07777u);
  out["Umask"] = umask;
  out["Timeout"] = config.timeout;
  out["StopTimeout"] = config.stop_timeout;
  out["Passwd"] = !config.no_passwd;
  if (!config.tz.empty()) out["Timezone"] = config.tz;
  if (!config.sysctls.empty()) out["Sysctls"] = config.sysctls;
  out["sdNotifyMode"] = config.sdnotify;
  for (const SecretUse& use : config.secrets) {
    out["Secrets"].push_back({{"Name", use.name}, {"ID", use.id}, {"UID", use.uid}, {"GID", use.gid}, {"Mode", use.mode}});
  }
  return out;
}

json port_bindings(const ContainerConfig& config) {
  json out = json::object();
  for (const net::PortMapping& port : config.ports) {
    out[std::to_string(port.container_port) + "/" + port.protocol].push_back(
        {{"HostIp", port.host_ip.empty() ? "0.0.0.0" : port.host_ip}, {"HostPort", std::to_string(port.host_port)}});
  }
  return out;
}

json log_config(const ContainerConfig& config) {
  return {{"Type", config.log_driver},
          {"Config", nullptr},
          {"Path", config.log_path},
          {"Tag", config.log_tag},
          {"Size", config.log_max_size > 0 ? std::to_string(config.log_max_size) + "B" : "0B"}};
}

json ulimits_of(const ContainerConfig& config) {
  json out = json::array();
  auto process = make_process(config, config.user);
  if (!process.ok()) return out;
  for (const runtime::Rlimit& limit : process->rlimits) {
    out.push_back({{"Name", limit.type},
                   {"Soft", static_cast<std::int64_t>(limit.soft)},
                   {"Hard", static_cast<std::int64_t>(limit.hard)}});
  }
  return out;
}

json id_mappings(const ContainerConfig& config) {
  runtime::Spec spec;
  if (!pass_spec_user_namespace(config, {}, spec).ok()) return nullptr;
  return {{"UidMap", to_text(spec.uid_mappings)}, {"GidMap", to_text(spec.gid_mappings)}};
}

json devices_of(const ContainerConfig& config) {
  json out = json::array();
  for (const std::string& text : config.devices) {
    const std::vector<std::string> parts = split(text, ':');
    if (parts.size() != 3) continue;
    out.push_back({{"PathOnHost", parts[0]}, {"PathInContainer", parts[1]}, {"CgroupPermissions", parts[2]}});
  }
  return out;
}

// As Podman shows a namespace: "ns:PATH" is one of the container's own.
std::string mode_shown(const std::string& mode, const char* usual) {
  return mode.empty() || mode.rfind("ns:", 0) == 0 ? std::string(usual) : mode;
}

json host_config(const ContainerConfig& config) {
  json out = json::object();
  json binds = json::array();
  json tmpfs = json::object();
  for (const VolumeMount& mount : config.mounts) {
    if (mount.type == VolumeMount::Type::kTmpfs) {
      tmpfs[mount.destination] = join(mount.options, ",");
      continue;
    }
    std::vector<std::string> options = mount.options;
    if (std::find(options.begin(), options.end(), "ro") == options.end() &&
        std::find(options.begin(), options.end(), "rw") == options.end()) {
      options.insert(options.begin(), "rw");
    }
    const std::string& source = mount.type == VolumeMount::Type::kVolume ? mount.name : mount.source;
    binds.push_back(source + ":" + mount.destination + ":" + join(options, ","));
  }
  out["Binds"] = binds;
  out["Tmpfs"] = tmpfs;
  out["CgroupMode"] = mode_shown(config.cgroupns, "private");
  out["ContainerIDFile"] = config.cidfile;
  out["LogConfig"] = log_config(config);
  out["NetworkMode"] = config.network;
  out["PortBindings"] = port_bindings(config);
  out["RestartPolicy"] = {{"Name", config.restart.policy.empty() ? "no" : config.restart.policy}, {"MaximumRetryCount", config.restart.most}};
  out["AutoRemove"] = config.remove;
  out["AutoRemoveImage"] = false;
  json annotations = config.annotations;
  if (config.remove) annotations["io.podman.annotations.autoremove"] = "TRUE";
  if (config.init) annotations["io.podman.annotations.init"] = "TRUE";
  out["Annotations"] = annotations.empty() ? json(nullptr) : annotations;
  out["VolumeDriver"] = "";
  out["VolumesFrom"] = nullptr;
  out["CapAdd"] = config.cap_add;
  out["CapDrop"] = config.cap_drop;
  out["Dns"] = config.dns;
  out["DnsOptions"] = config.dns_option;
  out["DnsSearch"] = config.dns_search;
  out["ExtraHosts"] = config.add_host;
  out["HostsFile"] = "";
  out["GroupAdd"] = config.group_add;
  out["IpcMode"] = mode_shown(config.ipc, "private");
  out["Cgroup"] = "";
  out["Links"] = nullptr;
  out["OomScoreAdj"] = config.oom_score_adj.value_or(0);
  out["PidMode"] = mode_shown(config.pid, "private");
  out["Privileged"] = config.privileged;
  out["PublishAllPorts"] = false;
  out["ReadonlyRootfs"] = config.read_only;
  out["SecurityOpt"] = config.security_opt;
  out["UTSMode"] = mode_shown(config.uts, "private");
  const bool nested = maps_own_ids(config) || config.userns.rfind("ns:", 0) == 0;
  out["UsernsMode"] = nested ? "private" : config.userns;
  if (maps_own_ids(config)) out["IDMappings"] = id_mappings(config);
  out["ShmSize"] = config.shm_size;
  out["Runtime"] = "oci";
  out["ConsoleSize"] = {0, 0};
  out["Isolation"] = "";
  for (const char* key :
       {"CpuShares", "Memory", "NanoCpus", "BlkioWeight", "CpuPeriod", "CpuQuota", "CpuRealtimePeriod",
        "CpuRealtimeRuntime", "DiskQuota", "KernelMemory", "MemoryReservation", "MemorySwap", "MemorySwappiness",
        "CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth", "PidsLimit"}) {
    out[key] = 0;
  }
  for (const char* key : {"CgroupParent", "CpusetCpus", "CpusetMems"}) out[key] = "";
  for (const char* key : {"BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps",
                          "BlkioDeviceWriteIOps", "CgroupConf"}) {
    out[key] = nullptr;
  }
  out["Devices"] = devices_of(config);
  out["OomKillDisable"] = false;
  out["Init"] = config.init;
  out["Ulimits"] = ulimits_of(config);
  return out;
}

json mounts_of(const ContainerConfig& config) {
  json out = json::array();
  for (const VolumeMount& mount : config.mounts) {
    if (mount.type == VolumeMount::Type::kTmpfs) continue;
    json item = json::object();
    const bool volume = mount.type == VolumeMount::Type::kVolume;
    const bool image = mount.type == VolumeMount::Type::kImage;
    item["Type"] = volume ? "volume" : image ? "image" : "bind";
    if (volume) item["Name"] = mount.name;
    item["Source"] = mount.source;
    item["Destination"] = mount.destination;
    item["Driver"] = volume ? "local" : "";
    item["Mode"] = "";
    std::vector<std::string> options =
        volume ? std::vector<std::string>{"nosuid", "nodev", "rbind"} : std::vector<std::string>{"rbind"};
    std::string propagation = "rprivate";
    std::string subpath;
    bool writable = !image || std::find(mount.options.begin(), mount.options.end(), "rw") != mount.options.end();
    for (const std::string& option : mount.options) {
      if (option == "ro")
        writable = false;
      else if (option.rfind("subpath=", 0) == 0)
        subpath = option.substr(8);
      else if (option.find("shared") != std::string::npos || option.find("slave") != std::string::npos ||
               option.find("private") != std::string::npos)
        propagation = option;
      else if (option == "z" || option == "Z")
        item["Mode"] = option;
      else if (option != "rw" && std::find(options.begin(), options.end(), option) == options.end())
        options.push_back(option);
    }
    item["Options"] = options;
    item["RW"] = writable;
    item["Propagation"] = propagation;
    item["SubPath"] = subpath;
    out.push_back(std::move(item));
  }
  return out;
}

json network_settings(const ContainerConfig& config, const monitor::Observed& observed) {
  json out = json::object();
  for (const char* key : {"EndpointID", "Gateway", "IPAddress", "IPv6Gateway", "GlobalIPv6Address", "MacAddress",
                          "Bridge", "SandboxID", "LinkLocalIPv6Address", "SandboxKey"}) {
    out[key] = "";
  }
  for (const char* key : {"IPPrefixLen", "GlobalIPv6PrefixLen", "LinkLocalIPv6PrefixLen"}) out[key] = 0;
  out["HairpinMode"] = false;
  json ports = port_bindings(config);
  for (const std::string& port : config.exposed) {
    if (!ports.contains(port)) ports[port] = nullptr;
  }
  out["Ports"] = ports;
  if (is_alive(observed) && observed.state && config.network != "host") {
    out["SandboxKey"] = "/proc/" + std::to_string(observed.state->pid) + "/ns/net";
  }
  return out;
}

}  // namespace

Result<json> inspect(Engine& engine, const std::string& name, bool size) {
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  TRY_SET(const ContainerConfig config, config_of(record));
  const monitor::Observed observed = observe(engine, record.id);

  json out = json::object();
  out["Id"] = config.id;
  out["Created"] = format_rfc3339(config.created_ns);
  std::vector<std::string> args = config.entrypoint;
  args.insert(args.end(), config.command.begin(), config.command.end());
  out["Path"] = args.empty() ? std::string() : args.front();
  out["Args"] = args.empty() ? json::array() : json(std::vector<std::string>(args.begin() + 1, args.end()));
  out["State"] = state_of(observed);
  out["State"]["Health"] = health_of(health_record(engine, record.id, config));
  out["State"]["StoppedByUser"] = is_stopped_by_user(engine, record.id);
  out["Image"] = config.image_id;
  out["ImageDigest"] = config.image_digest;
  out["ImageName"] = config.image;
  out["Rootfs"] = config.rootfs;
  out["Pod"] = "";
  out["ResolvConfPath"] = etc_file(engine, config, "resolv.conf");
  out["HostnamePath"] = engine.paths().running(config.id) + "/hostname";
  out["HostsPath"] = config.no_hosts ? std::string() : etc_file(engine, config, "hosts");
  out["StaticDir"] = engine.paths().container(config.id);
  out["OCIRuntime"] = config.runtime.empty() ? std::string(kOwnRuntime) : config.runtime;
  out["ConmonPidFile"] = config.monitor_pidfile;
  out["PidFile"] = config.pidfile;
  out["Name"] = config.name;
  out["RestartCount"] = observed.state ? observed.state->restarts : observed.exit ? observed.exit->restarts : 0;
  if (size) {
    TRY_SET(const ContainerSize sizes, container_size(engine, record));
    out["SizeRw"] = sizes.written;
    out["SizeRootFs"] = sizes.whole;
  }
  out["Driver"] = "overlay";
  out["MountLabel"] = config.mount_label;
  out["ProcessLabel"] = config.selinux_label;
  out["AppArmorProfile"] = config.apparmor;
  if (auto process = make_process(config, config.user); process.ok()) {
    out["EffectiveCaps"] =
        process->capabilities.effective.empty() ? json(nullptr) : json(process->capabilities.effective);
    out["BoundingCaps"] = process->capabilities.bounding;
  }
  out["ExecIDs"] = json::array();
  json data = json::object();
  if (config.rootfs.empty()) {
    std::string joined;
    for (auto layer = config.layers.rbegin(); layer != config.layers.rend(); ++layer) {
      joined.append(joined.empty() ? "" : ":").append(engine.paths().layer(*layer));
    }
    data["LowerDir"] = joined;
    data["UpperDir"] = engine.paths().container(config.id) + "/upper";
    data["WorkDir"] = engine.paths().container(config.id) + "/work";
  }
  out["GraphDriver"] = {{"Name", "overlay"}, {"Data", data}};
  out["Mounts"] = mounts_of(config);
  json dependencies = json::array();
  for (const std::string& id : lenders(config)) dependencies.push_back(id);
  out["Dependencies"] = dependencies;
  out["NetworkSettings"] = network_settings(config, observed);
  out["Namespace"] = "";
  out["IsInfra"] = false;
  out["IsService"] = false;
  out["KubeExitCodePropagation"] = "invalid";
  out["lockNumber"] = 0;
  out["Config"] = config_section(config);
  out["HostConfig"] = host_config(config);
  out["HostConfig"].update(limits_section(engine, config));
  return out;
}

}  // namespace creel::engine
