// What a container *is*: the result of create, stored as JSON in its record, enough to start it again without its
// image's record. Everything is resolved: names looked up, ports assigned, volumes named. Pure data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/limits.h"
#include "engine/container/options.h"
#include "engine/health/config.h"
#include "engine/secret/use_record.h"
#include "net/ports.h"

namespace creel::engine {

struct VolumeMount {
  enum class Type : std::uint8_t { kBind, kVolume, kTmpfs, kImage };
  Type type = Type::kBind;
  std::string name;    // kVolume; kImage: as given
  std::string source;  // host path (kBind), volume's _data (kVolume)
  std::string destination;
  std::vector<std::string> options;  // "rw", "ro", "rbind", "U", "nocopy", "size=…"
  bool anonymous = false;
  std::vector<std::string> layers;  // kImage: DiffID hex, bottom first
  // Of a volume: its driver's options, and until it is made its labels.
  std::map<std::string, std::string> driver_options, labels;
};

struct ContainerConfig {
  std::string id, name, image, image_id, rootfs;
  std::int64_t created_ns = 0;
  std::vector<std::string> layers;  // DiffID hex, bottom first
  std::string image_digest;
  // process
  std::vector<std::string> entrypoint, command;  // args = entrypoint + command
  std::vector<std::string> env;
  std::string workdir = "/";
  bool create_workdir = false;
  std::string user, hostname, domainname;
  std::vector<std::string> group_add;
  bool tty = false, open_stdin = false, read_only = false, init = false, privileged = false, no_new_privileges = false;
  std::string init_path;
  std::vector<std::string> cap_add, cap_drop;
  std::string seccomp;       // "", "unconfined", or the profile's JSON text
  std::string seccomp_name;  // as given, for inspect
  std::vector<std::string> security_opt;
  std::vector<std::string> mask, unmask;  // paths beside the defaults; patterns not to hide, or "ALL"
  std::string proc_opts;                  // "hidepid=2,subset=pid"
  std::string apparmor, selinux_label, mount_label;
  std::vector<std::string> devices;       // "HOST:CONTAINER:rwm": what is there is seen at each start
  std::vector<std::string> device_rules;  // "c 1:3 rwm"
  std::optional<int> oom_score_adj;
  std::string personality;
  bool systemd = false;         // an init system runs inside: it wants its tmpfs and its cgroup writable
  bool no_tmpfs = false;        // --read-only-tmpfs=false
  std::string tz;
  bool no_passwd = false;       // --passwd=false
  std::string passwd_entry, group_entry;
  std::vector<std::string> host_users;
  std::map<std::string, std::string> labels, annotations;
  std::vector<VolumeMount> mounts;
  std::vector<SecretUse> secrets;
  std::vector<std::string> ulimits;
  std::int64_t shm_size = 65536000;   // bytes
  std::int64_t shm_size_systemd = 0;  // of an init system's file systems in memory; 0: the kernel's half
  std::optional<std::uint32_t> umask;
  // namespaces
  std::string userns;   // "", "host", "keep-id[:uid=…,gid=…]", "nomap", "auto", "private", "container:<full ID>", "ns:PATH"
  std::vector<std::string> uid_map, gid_map;  // "CONTAINER:ENGINE:SIZE" with auto and private
  // "" (private), "host", "container:<full ID>", "ns:PATH"; ipc also "private", "shareable", "none"
  std::string ipc, pid, uts, cgroupns;
  std::map<std::string, std::string> sysctls;
  std::string network;  // "none", "host", "slirp4netns[:…]", "container:<full ID>"
  std::vector<net::PortMapping> ports;
  std::vector<std::string> exposed;  // "80/tcp"
  std::vector<std::string> add_host, dns, dns_search, dns_option;
  bool no_hosts = false, no_hostname = false;
  std::string hosts_file;  // an absolute path, "image", "none"; empty: the host's /etc/hosts
  // control group
  Limits limits;
  std::string cgroups;  // "": it has one; "disabled", "no-conmon", "split"
  std::string cgroup_parent;
  // OCI runtime: its name, and for one that is not Creel's own its absolute path and global flags ("debug", "log-format=json")
  std::string runtime, runtime_path;
  std::vector<std::string> runtime_flags;
  // life
  bool remove = false;
  std::string stop_signal = "SIGTERM";
  unsigned stop_timeout = 10;           // seconds
  unsigned timeout = 0;                 // seconds that it may run; 0: any time
  RestartConfig restart;
  HealthConfig health;
  std::string log_driver = "k8s-file";  // "json-file", "journald", "passthrough", "passthrough-tty", "none"
  std::int64_t log_max_size = 0;        // bytes; 0: the usual bound, -1: none
  int log_max_files = 1;
  std::string log_tag, log_path;
  std::string cidfile, pidfile, monitor_pidfile;
  std::vector<std::string> requires_;  // IDs of containers that are started first
  std::string sdnotify = "container";  // "conmon", "healthy", "ignore"
  std::vector<std::string> create_command;  // the whole argv, for inspect
};

std::string to_json_text(const ContainerConfig& config);
Result<ContainerConfig> config_from_json_text(const std::string& text);

}  // namespace creel::engine
