#include "engine/container/config.h"

#include <nlohmann/json.hpp>

#include "engine/json.h"

namespace creel::engine {

using nlohmann::json;

namespace {

const char* type_name(VolumeMount::Type type) {
  switch (type) {
    case VolumeMount::Type::kBind:
      return "bind";
    case VolumeMount::Type::kVolume:
      return "volume";
    case VolumeMount::Type::kTmpfs:
      return "tmpfs";
    case VolumeMount::Type::kImage:
      return "image";
  }
  return "bind";
}

VolumeMount::Type type_from(const std::string& name) {
  if (name == "volume") return VolumeMount::Type::kVolume;
  if (name == "tmpfs") return VolumeMount::Type::kTmpfs;
  if (name == "image") return VolumeMount::Type::kImage;
  return VolumeMount::Type::kBind;
}

// One list of members for both directions: what is written is what is read. Members with their default value are left
// out.
struct Writer {
  json& out;
  void operator()(const char* key, const std::string& value) {
    if (!value.empty()) out[key] = value;
  }
  void operator()(const char* key, const std::vector<std::string>& value) {
    if (!value.empty()) out[key] = value;
  }
  void operator()(const char* key, const std::map<std::string, std::string>& value) {
    if (!value.empty()) out[key] = value;
  }
  void operator()(const char* key, bool value) {
    if (value) out[key] = true;
  }
  void operator()(const char* key, std::int64_t value) { out[key] = value; }
  void operator()(const char* key, unsigned value) { out[key] = value; }
  void operator()(const char* key, int value) { out[key] = value; }
};

struct Reader {
  const json& in;
  void operator()(const char* key, std::string& value) { value = text_of(in, key); }
  void operator()(const char* key, std::vector<std::string>& value) { value = texts_of(in, key); }
  void operator()(const char* key, std::map<std::string, std::string>& value) { value = text_map_of(in, key); }
  void operator()(const char* key, bool& value) { value = bool_of(in, key); }
  void operator()(const char* key, std::int64_t& value) { value = int_of(in, key); }
  void operator()(const char* key, unsigned& value) { value = static_cast<unsigned>(int_of(in, key)); }
  void operator()(const char* key, int& value) { value = static_cast<int>(int_of(in, key)); }
};

template <typename Visitor, typename Check>
void visit_health_check(Visitor&& member, Check& c) {
  member("test", c.test);
  member("interval", c.interval_ns);
  member("timeout", c.timeout_ns);
  member("startPeriod", c.start_period_ns);
  member("startInterval", c.start_interval_ns);
  member("retries", c.retries);
  member("successes", c.successes);
}

template <typename Visitor, typename Health>
void visit_health(Visitor&& member, Health& h) {
  member("onFailure", h.on_failure);
  member("logDestination", h.log_destination);
  member("logCount", h.log_count);
  member("logSize", h.log_size);
}

template <typename Visitor, typename Config>
void visit(Visitor&& member, Config& c) {
  member("id", c.id);
  member("name", c.name);
  member("image", c.image);
  member("imageId", c.image_id);
  member("rootfs", c.rootfs);
  member("created", c.created_ns);
  member("layers", c.layers);
  member("imageDigest", c.image_digest);
  member("entrypoint", c.entrypoint);
  member("command", c.command);
  member("env", c.env);
  member("workdir", c.workdir);
  member("createWorkdir", c.create_workdir);
  member("user", c.user);
  member("hostname", c.hostname);
  member("domainname", c.domainname);
  member("groupAdd", c.group_add);
  member("tty", c.tty);
  member("openStdin", c.open_stdin);
  member("readOnly", c.read_only);
  member("init", c.init);
  member("privileged", c.privileged);
  member("noNewPrivileges", c.no_new_privileges);
  member("initPath", c.init_path);
  member("capAdd", c.cap_add);
  member("capDrop", c.cap_drop);
  member("seccomp", c.seccomp);
  member("seccompName", c.seccomp_name);
  member("securityOpt", c.security_opt);
  member("mask", c.mask);
  member("unmask", c.unmask);
  member("procOpts", c.proc_opts);
  member("apparmor", c.apparmor);
  member("selinuxLabel", c.selinux_label);
  member("mountLabel", c.mount_label);
  member("devices", c.devices);
  member("deviceRules", c.device_rules);
  member("personality", c.personality);
  member("systemd", c.systemd);
  member("noTmpfs", c.no_tmpfs);
  member("tz", c.tz);
  member("noPasswd", c.no_passwd);
  member("passwdEntry", c.passwd_entry);
  member("groupEntry", c.group_entry);
  member("hostUsers", c.host_users);
  member("uidMap", c.uid_map);
  member("gidMap", c.gid_map);
  member("ipc", c.ipc);
  member("pid", c.pid);
  member("uts", c.uts);
  member("cgroupns", c.cgroupns);
  member("sysctls", c.sysctls);
  member("labels", c.labels);
  member("annotations", c.annotations);
  member("ulimits", c.ulimits);
  member("shmSize", c.shm_size);
  member("shmSizeSystemd", c.shm_size_systemd);
  member("userns", c.userns);
  member("network", c.network);
  member("exposed", c.exposed);
  member("addHost", c.add_host);
  member("dns", c.dns);
  member("dnsSearch", c.dns_search);
  member("dnsOption", c.dns_option);
  member("noHosts", c.no_hosts);
  member("noHostname", c.no_hostname);
  member("hostsFile", c.hosts_file);
  member("cgroups", c.cgroups);
  member("cgroupParent", c.cgroup_parent);
  member("runtime", c.runtime);
  member("runtimePath", c.runtime_path);
  member("runtimeFlags", c.runtime_flags);
  member("remove", c.remove);
  member("stopSignal", c.stop_signal);
  member("stopTimeout", c.stop_timeout);
  member("timeout", c.timeout);
  member("restartPolicy", c.restart.policy);
  member("restartMost", c.restart.most);
  member("logDriver", c.log_driver);
  member("logMaxSize", c.log_max_size);
  member("logMaxFiles", c.log_max_files);
  member("logTag", c.log_tag);
  member("logPath", c.log_path);
  member("cidfile", c.cidfile);
  member("monitorPidfile", c.monitor_pidfile);
  member("requires", c.requires_);
  member("pidfile", c.pidfile);
  member("sdnotify", c.sdnotify);
  member("createCommand", c.create_command);
}

}  // namespace

std::string to_json_text(const ContainerConfig& config) {
  json out = json::object();
  visit(Writer{out}, config);
  for (const VolumeMount& mount : config.mounts) {
    json item = json::object();
    item["type"] = type_name(mount.type);
    Writer write{item};
    write("name", mount.name);
    write("source", mount.source);
    write("destination", mount.destination);
    write("options", mount.options);
    write("anonymous", mount.anonymous);
    write("driverOptions", mount.driver_options);
    write("layers", mount.layers);
    out["mounts"].push_back(std::move(item));
  }
  for (const SecretUse& use : config.secrets) {
    out["secrets"].push_back({{"id", use.id},
                              {"name", use.name},
                              {"target", use.target},
                              {"environment", use.environment},
                              {"uid", use.uid},
                              {"gid", use.gid},
                              {"mode", use.mode}});
  }
  for (const net::PortMapping& port : config.ports) {
    out["ports"].push_back({{"hostIp", port.host_ip},
                            {"hostPort", port.host_port},
                            {"containerPort", port.container_port},
                            {"protocol", port.protocol}});
  }
  if (!config.health.check.test.empty()) {
    json health = json::object();
    visit_health(Writer{health}, config.health);
    visit_health_check(Writer{health["check"]}, config.health.check);
    if (!config.health.startup.test.empty()) visit_health_check(Writer{health["startup"]}, config.health.startup);
    out["health"] = std::move(health);
  }
  if (config.umask) out["umask"] = *config.umask;
  if (config.oom_score_adj) out["oomScoreAdj"] = *config.oom_score_adj;
  if (json limits = limits_document(config.limits); !limits.empty()) out["limits"] = std::move(limits);
  return dump_json(out);
}

Result<ContainerConfig> config_from_json_text(const std::string& text) {
  TRY_SET(const json in, parse_json(text, "container record"));
  if (!in.is_object()) return fail(Code::kInvalid, "parsing container record: not an object");
  ContainerConfig config;
  visit(Reader{in}, config);
  for (const json& item : member(in, "mounts")) {
    VolumeMount mount;
    mount.type = type_from(text_of(item, "type"));
    Reader read{item};
    read("name", mount.name);
    read("source", mount.source);
    read("destination", mount.destination);
    read("options", mount.options);
    read("anonymous", mount.anonymous);
    read("driverOptions", mount.driver_options);
    read("layers", mount.layers);
    config.mounts.push_back(std::move(mount));
  }
  for (const json& item : member(in, "secrets")) {
    const auto number = [&](const char* key) { return static_cast<std::uint32_t>(int_of(item, key)); };
    config.secrets.push_back({text_of(item, "id"), text_of(item, "name"), text_of(item, "target"), bool_of(item, "environment"),
                              number("uid"), number("gid"), number("mode")});
  }
  for (const json& item : member(in, "ports")) {
    net::PortMapping port;
    port.host_ip = text_of(item, "hostIp");
    port.host_port = static_cast<std::uint16_t>(int_of(item, "hostPort"));
    port.container_port = static_cast<std::uint16_t>(int_of(item, "containerPort"));
    port.protocol = text_of(item, "protocol");
    config.ports.push_back(std::move(port));
  }
  if (const json& health = member(in, "health"); health.is_object()) {
    visit_health(Reader{health}, config.health);
    visit_health_check(Reader{member(health, "check")}, config.health.check);
    visit_health_check(Reader{member(health, "startup")}, config.health.startup);
  }
  if (member(in, "oomScoreAdj").is_number()) config.oom_score_adj = static_cast<int>(int_of(in, "oomScoreAdj"));
  config.limits = limits_from_document(member(in, "limits"));
  if (member(in, "umask").is_number()) config.umask = static_cast<std::uint32_t>(int_of(in, "umask"));
  return config;
}

}  // namespace creel::engine
