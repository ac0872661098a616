#include "cmd/container/create_flags.h"

#include <utility>

#include "cmd/container/health_flags.h"
#include "cmd/container/limit_flags.h"
#include "cmd/container/seconds.h"
#include "engine/image/image.h"
#include "engine/image/obtain.h"

namespace creel::cmd {

void CreateFlags::declare(Flags& flags) {
  engine::CreateOptions& o = options_;
  // who it is
  flags.value("--name", o.name, "string", "Name of the container");
  flags.flag("--replace", o.replace, "Remove a container that has the name already");
  flags.list("-l,--label", o.label, "key=value", "Set a label");
  flags.list("--label-file", o.label_file, "file", "Read labels from a file, one per line");
  flags.list("--annotation", o.annotation, "key=value", "Add an annotation");
  flags.value("--cidfile", o.cidfile, "file", "Write the container's ID to this file");
  flags.value("--conmon-pidfile", o.monitor_pidfile, "file", "Write the process ID of the container's monitor to this file");
  flags.value("--pidfile", o.pidfile, "file", "Write the process ID of the container's first process to this file");
  flags.value("--platform", o.platform, "os/arch", "Platform to choose of an image that has several");
  flags.value("--pull", pull_, "string", "When to pull the image").choices({"always", "missing", "never", "newer"});
  flags.value("--os,--override-os", os_, "os", "Operating system to choose of an image that has several");
  flags.value("--arch,--override-arch", arch_, "arch", "Architecture to choose of an image that has several");
  flags.value("--variant,--override-variant", variant_, "variant", "Variant of the architecture to choose");
  flags.flag("--tls-verify", tls_verify_, "Verify certificates and require HTTPS when pulling");
  flags.value("--authfile", authfile_, "file", "Where credentials for registries are");
  flags.value("--creds", creds_, "user[:password]", "Credentials for the registry");
  flags.value("--cert-dir", cert_dir_, "dir", "Where certificates for the registry are");
  flags.value("--retry", retry_, "number", "How often a failed pull is tried again");
  flags.value("--retry-delay", retry_delay_, "time", "Time between the tries");
  flags.value("--signature-policy", signature_policy_, "path", "Signature policy of a pull instead of the usual policy.json")
      .hidden();
  flags.flag("-q,--quiet", quiet_, "Show no progress when pulling");
  flags.flag("--rootfs", o.rootfs, "The argument is a directory that is the root file system, instead of an image");
  // what runs in it
  flags.value("--entrypoint", o.entrypoint, "string", "Replace the image's entry point: a command, or a JSON array");
  flags.list("-e,--env", o.env, "key[=value]", "Set an environment variable; without a value, inherit it");
  flags.list("--env-merge", o.env_merge, "key=value", "Set a variable from those of the image: PATH=$PATH:/opt/bin");
  flags.list("--env-file", o.env_file, "file", "Read environment variables from a file");
  flags.flag("-i,--interactive", o.interactive, "Keep standard input open");
  flags.flag("-t,--tty", o.tty, "Give the container a terminal");
  flags.value("-u,--user", o.user, "user[:group]", "User, and group, that runs the command");
  flags.value("-w,--workdir", o.workdir, "dir", "Working directory inside the container");
  flags.value("--umask", o.umask, "octal", "File mode creation mask of the command");
  flags.flag("--env-host", o.env_host, "Pass on the whole environment");
  flags.flag("--http-proxy", o.http_proxy, "Pass on http_proxy, https_proxy, ftp_proxy and no_proxy");
  flags.list("--unsetenv", o.unsetenv, "name", "Leave a variable of the image out").csv();
  flags.flag("--unsetenv-all", o.unsetenv_all, "Leave all default variables out, the image's too");
  flags.value("--tz", o.tz, "zone", "Time zone: a name in /usr/share/zoneinfo, or local");
  flags.value("--systemd", o.systemd, "true|false|always", "Prepare for an init system as the command")
      .choices({"true", "false", "always"});
  flags.value("--passwd-entry", o.passwd_entry, "line", "Line of /etc/passwd for the container's user");
  flags.value("--group-entry", o.group_entry, "line", "Line of /etc/group for the container's group");
  flags.list("--hostuser", o.hostuser, "user", "Add a user of the host to the container's /etc/passwd");
  flags.flag("--init", o.init, "Run a small init as PID 1 that forwards signals and reaps processes");
  flags.value("--init-path", o.init_path, "file", "The init to run with --init");
  flags.list("--ulimit", o.ulimit, "name=soft[:hard]", "Set a resource limit").csv();
  // files
  flags.list("-v,--volume", o.volume, "[src:]dst[:opts]", "Mount a directory, a file or a volume");
  flags.list("--mount", o.mount, "type=TYPE,...", "Mount: type=bind, volume, tmpfs or image, source=…, target=…");
  flags.list("--tmpfs", o.tmpfs, "dst[:opts]", "Mount a file system in memory");
  flags.list("--volumes-from", o.volumes_from, "container[:opts]", "Mount what another container has mounted").csv();
  flags.value("--image-volume", o.image_volume, "mode", "What the image's VOLUMEs become: anonymous, tmpfs or ignore")
      .choices({"anonymous", "bind", "tmpfs", "ignore"});
  flags.list("--secret", o.secret, "name[,opts]", "Give the container a secret, as a file or with type=env as a variable");
  flags.flag("--read-only", o.read_only, "Mount the root file system read-only");
  flags.flag("--read-only-tmpfs", o.read_only_tmpfs, "With --read-only: /run, /tmp and /var/tmp can be written");
  flags.value("--shm-size", o.shm_size, "size", "Size of /dev/shm");
  // limits
  declare_limit_flags(flags, o.limits);
  flags.value("--shm-size-systemd", o.shm_size_systemd, "size", "Size of each file system in memory that an init system gets");
  flags.flag("--oom-kill-disable", o.limits.oom_kill_disable, "").hidden();
  flags.list("--cgroup-conf", o.limits.cgroup_conf, "key=value", "Set any other file of the control group").csv();
  flags.value("--cgroups", o.cgroups, "mode", "Control group: enabled, disabled, no-conmon or split")
      .choices({"enabled", "disabled", "no-conmon", "split"});
  flags.value("--cgroup-parent", o.cgroup_parent, "path|slice", "Control group to make the container's in");
  // network
  flags.list("--network,--net", o.network, "mode", "Network: slirp4netns, none, host, container:NAME or ns:PATH");
  flags.list("-p,--publish", o.publish, "[[ip:]host:]container", "Publish a port, or a range of ports, to the host")
      .csv();
  flags.flag("-P,--publish-all", o.publish_all, "Publish all exposed ports to ports of the engine's choice");
  flags.list("--expose", o.expose, "port", "Expose a port").csv();
  flags.value("-h,--hostname", o.hostname, "name", "Host name of the container");
  flags.value("--domainname", o.domainname, "name", "NIS domain name of the container");
  flags.flag("--no-hostname", o.no_hostname, "Do not make /etc/hostname, use the image's");
  flags.value("--hosts-file", o.hosts_file, "file|image|none", "What /etc/hosts begins with, instead of the host's");
  flags.list("--add-host", o.add_host, "host:ip", "Add a line to /etc/hosts").csv();
  flags.flag("--no-hosts", o.no_hosts, "Do not make /etc/hosts, use the image's");
  flags.list("--dns", o.dns, "ip", "Set a name server").csv();
  flags.list("--dns-search", o.dns_search, "domain", "Set a search domain of the resolver").csv();
  flags.list("--dns-option,--dns-opt", o.dns_option, "option", "Set an option of the resolver").csv();
  // rights
  flags.list("--cap-add", o.cap_add, "capability", "Add a capability").csv();
  flags.list("--cap-drop", o.cap_drop, "capability", "Drop a capability").csv();
  flags.flag("--privileged", o.privileged, "Give the container all rights that this user has, and the host's devices");
  flags.list("--security-opt", o.security_opt, "option",
             "no-new-privileges, seccomp=FILE, apparmor=PROFILE, label=…, mask=PATHS, unmask=PATHS or ALL, proc-opts=…");
  flags.value("--seccomp-policy", o.seccomp_policy, "default|image", "Whether the image's own seccomp profile is used")
      .choices({"default", "image"});
  flags.list("--group-add", o.group_add, "group", "Add a supplementary group; keep-groups: all that the caller has");
  flags.list("--device", o.device, "host[:container][:rwm]", "Give the container a device of the host");
  flags.list("--device-cgroup-rule", o.device_cgroup_rule, "type major:minor rwm",
             "Allow devices by number, with cgroup v2 and as root");
  flags.integer("--oom-score-adj", oom_score_adj_, "number", "How soon the kernel ends it when memory is short, -1000 to 1000");
  flags.value("--personality", o.personality, "domain", "Execution domain of the process: LINUX or LINUX32");
  // namespaces
  flags.value("--userns", o.userns, "mode",
              "User namespace: host, keep-id, nomap, auto, private, container:NAME or ns:PATH");
  flags.list("--uidmap", o.uidmap, "container:host:size", "Map user IDs in a user namespace of its own").csv();
  flags.list("--gidmap", o.gidmap, "container:host:size", "Map group IDs in a user namespace of its own").csv();
  flags.value("--subuidname", o.subuidname, "name", "Map the user IDs that this name has in /etc/subuid");
  flags.value("--subgidname", o.subgidname, "name", "Map the group IDs that this name has in /etc/subgid");
  flags.value("--pid", o.pid, "mode", "PID namespace: private, host, container:NAME or ns:PATH");
  flags.value("--ipc", o.ipc, "mode", "IPC namespace: private, shareable, none, host, container:NAME or ns:PATH");
  flags.value("--uts", o.uts, "mode", "UTS namespace: private, host, container:NAME or ns:PATH");
  flags.value("--cgroupns", o.cgroupns, "mode", "Cgroup namespace: private, host, container:NAME or ns:PATH");
  flags.list("--sysctl", o.sysctl, "name=value", "Set a kernel parameter of the container's own namespaces");
  flags.value("--runtime", o.runtime, "name|path", "OCI runtime that runs the container: creel, or another program");
  flags.list("--runtime-flag", o.runtime_flags, "flag", "Global flag of that other program, without its dashes");
  // health
  declare_health_flags(flags, o.health);
  flags.value("--health-start-interval", o.health.start_interval, "duration", "Time between checks in the start period, until one succeeds");
  // end and logs
  flags.list("--requires", o.requires_, "container", "Start these containers first").csv();
  flags.value("--restart", o.restart, "policy", "When to start it again: no, on-failure[:N], always or unless-stopped")
      .choices({"no", "on-failure", "always", "unless-stopped"});
  flags.flag("--rm", o.remove, "Remove the container when it ends");
  flags.value("--stop-signal", o.stop_signal, "signal", "Signal that stop sends");
  flags.integer("--timeout", timeout_, "seconds", "How long the container may run before it is killed; 0: any time");
  flags.integer("--stop-timeout", stop_timeout_, "seconds", "Time to end after the stop signal, before SIGKILL");
  flags.value("--sdnotify", o.sdnotify, "mode", "When systemd is told that it is ready: container, conmon, healthy, ignore")
      .choices({"container", "conmon", "healthy", "ignore"});
  flags.value("--log-driver", o.log_driver, "driver", "Where output is logged: k8s-file, json-file, journald, passthrough or none")
      .choices({"k8s-file", "json-file", "journald", "passthrough", "passthrough-tty", "none"});
  flags.list("--log-opt", o.log_opt, "key=value", "Option of the log driver: max-size, max-file, path, tag");
  flags.value("--volume-driver", volume_driver_, "string", "").hidden();
  flags.value("--isolation", isolation_, "string", "").hidden();
  flags.flag("--disable-content-trust", ignored_, "").hidden();
  flags.arguments(arguments_, true);
}

void CreateFlags::declare_passwd(Flags& flags) {
  flags.flag("--passwd", options_.passwd, "Add the container's user to its /etc/passwd where it is not in there");
}

Result<engine::CreateOptions> CreateFlags::options() const {
  engine::CreateOptions options = options_;
  options.image = arguments_[0];
  options.command.assign(arguments_.begin() + 1, arguments_.end());
  TRY_SET(options.pull, engine::parse_pull_policy(pull_));
  if (!os_.empty() || !arch_.empty() || !variant_.empty()) {
    if (!options.platform.empty()) {
      return fail(Code::kInvalid, "--platform option can not be specified with --os, --arch or --variant");
    }
    TRY_SET(const engine::Platform host, engine::parse_platform(""));
    options.platform = (os_.empty() ? host.os : os_) + "/" + (arch_.empty() ? host.architecture : arch_);
    if (!variant_.empty()) options.platform += "/" + variant_;
  }
  // Docker's, for what there is one choice of here.
  if (volume_driver_ != "" && volume_driver_ != "local") {
    return fail(Code::kUnsupported, "--volume-driver " + volume_driver_ + ": there are no volume plugins, local is the only driver");
  }
  if (isolation_ != "" && isolation_ != "default") {
    return fail(Code::kUnsupported, "--isolation " + isolation_ + ": default is the only one on Linux");
  }
  std::vector<std::string>& pull = options.pull_arguments;
  if (tls_verify_) pull.push_back(std::string("--tls-verify=") + (*tls_verify_ ? "true" : "false"));
  for (const auto& [flag, value] : {std::pair{"--authfile=", &authfile_}, std::pair{"--cert-dir=", &cert_dir_},
                                    std::pair{"--creds=", &creds_}, std::pair{"--retry=", &retry_}, std::pair{"--retry-delay=", &retry_delay_},
                                    std::pair{"--signature-policy=", &signature_policy_}}) {
    if (!value->empty()) pull.push_back(flag + *value);
  }
  if (quiet_) pull.emplace_back("--quiet");
  if (stop_timeout_ != kNotGiven) {
    TRY_SET(options.stop_timeout, parse_seconds(stop_timeout_, "--stop-timeout"));
  }
  if (timeout_ != kNotGiven) {
    TRY_SET(options.timeout, parse_seconds(timeout_, "--timeout"));
  }
  if (oom_score_adj_ != kNotGiven) options.oom_score_adj = oom_score_adj_;
  return options;
}

}  // namespace creel::cmd
