// What `create`, `run` and `exec` were asked for, as given on the command line: strings are parsed by the engine's
// passes, so that each error comes from the code that knows the rule. Pure data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace creel::engine {

enum class PullPolicy : std::uint8_t { kMissing, kAlways, kNever, kNewer };

struct CreateOptions {
  std::string image;                 // or the directory of --rootfs
  bool rootfs = false;               // --rootfs
  std::vector<std::string> command;  // after the image

  std::string name;  // empty: two made-up words, "adjective_noun"
  bool interactive = false, tty = false, detach = false, remove = false, replace = false;
  bool read_only = false, init = false, publish_all = false, privileged = false;
  std::string init_path;
  PullPolicy pull = PullPolicy::kMissing;
  std::string platform;          // os/arch[/variant]
  std::vector<std::string> pull_arguments;  // of `creel-images pull`, should it be needed: "--tls-verify=false"
  std::vector<std::string> env;  // "K=V", "K" (from our environment), "PRE*"
  std::vector<std::string> env_file;
  std::vector<std::string> label, label_file, annotation;
  std::vector<std::string> volume;  // -v
  std::vector<std::string> mount;   // --mount
  std::vector<std::string> tmpfs;
  std::vector<std::string> publish, expose;
  std::vector<std::string> network;       // --network
  std::optional<std::string> entrypoint;  // JSON array or one word; "" clears
  std::optional<std::string> workdir;
  std::string user, hostname, userns, stop_signal, cidfile, pidfile, shm_size, log_driver;
  std::vector<std::string> log_opt, cap_add, cap_drop, security_opt, add_host, dns, dns_search, dns_option, ulimit,
      group_add;
  std::optional<unsigned> stop_timeout;
  std::optional<std::string> umask;
  bool no_hosts = false;
  std::string runtime;  // empty: the engine's
  std::vector<std::string> runtime_flags;
  // namespaces
  std::string ipc, pid, uts, cgroupns, subuidname, subgidname;
  std::vector<std::string> uidmap, gidmap, sysctl;
  // devices and what the process may be
  std::vector<std::string> device, device_cgroup_rule;
  std::optional<std::int64_t> oom_score_adj;
  std::string personality, rdt_class;
  bool read_only_tmpfs = true;
  // environment
  std::vector<std::string> unsetenv;
  bool unsetenv_all = false, env_host = false, http_proxy = true;
  std::string tz;
  // an init system inside, and who is who
  std::string systemd = "true", passwd_entry, group_entry;
  std::vector<std::string> hostuser;
  bool passwd = true;
};

struct ExecOptions {
  bool detach = false, interactive = false, tty = false, privileged = false;
  std::vector<std::string> env, env_file;
  std::string user, workdir;
  std::string detach_keys = "ctrl-p,ctrl-q";  // "": nothing detaches
  std::vector<std::string> command;
};

}  // namespace creel::engine
