// What `create`, `run` and `exec` were asked for, as given on the command line: strings are parsed by the engine's
// passes, so that each error comes from the code that knows the rule. Pure data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/health/options.h"

namespace creel::engine {

enum class PullPolicy : std::uint8_t { kMissing, kAlways, kNever, kNewer };

// A number flag that was not given.
inline constexpr std::int64_t kNotGiven = INT64_MIN;

// What create, run and update take of limits.
struct LimitOptions {
  std::string memory, memory_reservation, memory_swap;  // "64m"; the last also "-1"
  std::int64_t memory_swappiness = kNotGiven;
  bool oom_kill_disable = false;
  std::string cpus;  // "1.5"
  std::int64_t cpu_shares = kNotGiven, cpu_quota = kNotGiven, cpu_period = kNotGiven;
  std::int64_t cpu_rt_period = kNotGiven, cpu_rt_runtime = kNotGiven;
  std::string cpuset_cpus, cpuset_mems;
  std::int64_t pids_limit = kNotGiven;
  std::string blkio_weight;
  std::vector<std::string> blkio_weight_device;  // "/dev/sda:100"
  std::vector<std::string> device_read_bps, device_write_bps, device_read_iops, device_write_iops;  // "/dev/sda:1mb"
  std::vector<std::string> cgroup_conf;                                                             // "memory.high=1000000"
};

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
  std::vector<std::string> env_merge;  // "K=…$K…", of the image's variables
  std::vector<std::string> label, label_file, annotation;
  std::vector<std::string> volume;  // -v
  std::vector<std::string> mount;   // --mount
  std::vector<std::string> tmpfs;
  std::vector<std::string> volumes_from;  // "CONTAINER[:ro|rw|z]"
  std::string image_volume = "anonymous";
  std::vector<std::string> secret;  // "NAME[,type=mount|env][,target=…]…"
  std::vector<std::string> publish, expose;
  std::vector<std::string> network;       // --network
  std::optional<std::string> entrypoint;  // JSON array or one word; "" clears
  std::optional<std::string> workdir;
  std::string user, hostname, domainname, userns, stop_signal, cidfile, pidfile, monitor_pidfile, shm_size, shm_size_systemd, log_driver,
      sdnotify;
  std::vector<std::string> log_opt, cap_add, cap_drop, security_opt, add_host, dns, dns_search, dns_option, ulimit,
      group_add;
  std::optional<unsigned> stop_timeout;
  unsigned timeout = 0;  // seconds that it may run; 0: any time
  std::string restart;  // "on-failure:3"
  HealthOptions health;
  std::optional<std::string> umask;
  bool no_hosts = false, no_hostname = false;
  std::string hosts_file;             // what /etc/hosts begins with: a path, "image" or "none"; empty: the host's
  std::vector<std::string> requires_; // containers that are started first
  LimitOptions limits;
  std::string cgroups = "enabled", cgroup_parent;
  std::string runtime;  // empty: the engine's
  std::vector<std::string> runtime_flags;
  // namespaces
  std::string ipc, pid, uts, cgroupns, subuidname, subgidname;
  std::vector<std::string> uidmap, gidmap, sysctl;
  // devices and what the process may be
  std::vector<std::string> device, device_cgroup_rule;
  std::optional<std::int64_t> oom_score_adj;
  std::string personality, seccomp_policy = "default";
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
  std::vector<std::uint32_t> preserve_fds;    // descriptors of ours that the process gets at the same numbers
  int output = -1;                            // the process's stdout; -1: ours
  std::vector<std::string> command;
};

}  // namespace creel::engine
