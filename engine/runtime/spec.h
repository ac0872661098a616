// The OCI runtime configuration (config.json) as typed data, with what Creel adds to it.
// Follows runtime-spec 1.2 (config.md, config-linux.md); field names are the specification's in snake_case.
// Pure data; no JSON here. engine/runtime/spec_json.h reads and writes config.json.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/cgroup/resources.h"

namespace creel::engine::runtime {

struct IdMapping {
  std::uint32_t container_id, host_id, size;  // host_id in the user namespace of who starts the container
  friend bool operator==(const IdMapping&, const IdMapping&) = default;
};

struct Mount {
  std::string destination;           // absolute, in the container
  std::string type;                  // "bind", "tmpfs", "proc", "sysfs", "devpts", "mqueue", "cgroup"
  std::string source;                // host path for bind
  std::vector<std::string> options;  // as mount(8) and the specification list them: "ro", "nosuid", "rbind",
                                     // "rprivate", "size=64m", "U", "z"
  // Creel's: copy the image's content at `destination` into an empty source first (named volumes).
  bool copy_up = false;
  bool keep_owner = false;  // with copy_up: the source itself stays as it is
  // Creel's: with "rbind", "ro", "nosuid" and the like hold for what is mounted beneath the source too, as "rro" has it.
  bool deep = false;
  // Creel's, of a bind: the mount namespace in which `source` is looked up ("/proc/PID/ns/mnt" of another container);
  // empty: the caller's.
  std::string source_namespace;
  // Creel's, of a bind: only this part of `source`, whose own links cannot lead out of it.
  std::string subpath;
  // Creel's, of type "overlay" with `lower`: host directories, topmost first, which no length or character disturbs.
  std::vector<std::string> lower;
  std::string upper, work;
  bool user_xattr = false;
  // An idmapped mount (mount_setattr(2), MOUNT_ATTR_IDMAP). Empty with option "idmap": the container's own mapping.
  std::vector<IdMapping> uid_mappings, gid_mappings;
  friend bool operator==(const Mount&, const Mount&) = default;
};

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> additional_gids;
  std::optional<std::uint32_t> umask;
  // Creel's: "user[:group]" still to be looked up in the container's own /etc/passwd and /etc/group, after the pivot.
  // Not empty: the numbers above are ignored. Supplementary groups come from /etc/group unless a group is given.
  std::string name;
  friend bool operator==(const User&, const User&) = default;
};

struct Capabilities {  // "CAP_CHOWN", …
  std::vector<std::string> bounding, effective, inheritable, permitted, ambient;
  // In config.json, but known neither here nor to the kernel: left out, and config.md wants a warning.
  std::vector<std::string> unknown;
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

struct Rlimit {
  std::string type;  // "RLIMIT_NOFILE"
  std::uint64_t soft = 0, hard = 0;
  friend bool operator==(const Rlimit&, const Rlimit&) = default;
};

struct Scheduler {     // sched_setattr(2)
  std::string policy;  // "SCHED_BATCH"
  std::int32_t nice = 0, priority = 0;
  std::vector<std::string> flags;  // "SCHED_FLAG_RESET_ON_FORK"
  std::uint64_t runtime_ns = 0, deadline_ns = 0, period_ns = 0;
  friend bool operator==(const Scheduler&, const Scheduler&) = default;
};
struct IoPriority {      // ioprio_set(2)
  std::string io_class;  // "IOPRIO_CLASS_BE"
  int priority = 0;
  friend bool operator==(const IoPriority&, const IoPriority&) = default;
};
struct CpuAffinity {  // of exec: while it enters the container, and afterwards; lists as "0-3,7"
  std::string initial, final;
  friend bool operator==(const CpuAffinity&, const CpuAffinity&) = default;
};

struct Process {
  bool terminal = false;
  std::uint16_t rows = 0, columns = 0;  // 0: unknown
  User user;
  std::vector<std::string> args;
  std::vector<std::string> env;  // "K=V"; HOME is added from /etc/passwd where absent
  std::string cwd = "/";
  bool create_cwd = false;  // Creel's: the image's WORKDIR is made where absent
  Capabilities capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj;
  std::string apparmor_profile, selinux_label;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> io_priority;
  CpuAffinity exec_cpu_affinity;
  // Creel's: descriptors of who starts it that stay open, by their numbers, from 3 on (--preserve-fds, LISTEN_FDS).
  std::vector<std::uint32_t> preserve_fds;
  friend bool operator==(const Process&, const Process&) = default;
};

enum class NamespaceType : std::uint8_t { kUser, kMount, kPid, kIpc, kUts, kNetwork, kCgroup, kTime };
struct Namespace {
  NamespaceType type;
  std::string path;  // empty: a new one; else join this one (an nsfs path, or /proc/PID/ns/…)
  friend bool operator==(const Namespace&, const Namespace&) = default;
};

struct Device {
  std::string path;
  char type = 'c';  // c, b, p
  std::int64_t major = 0, minor = 0;
  std::uint32_t mode = 0666;
  std::uint32_t uid = 0, gid = 0;
  friend bool operator==(const Device&, const Device&) = default;
};

enum class SeccompKind : std::uint8_t { kDefault, kUnconfined, kProfile };
struct Seccomp {
  SeccompKind kind = SeccompKind::kDefault;
  std::string profile;  // kProfile: JSON text, either Docker's profile format or the OCI linux.seccomp object
  friend bool operator==(const Seccomp&, const Seccomp&) = default;
};

struct Hook {
  std::string path;
  std::vector<std::string> args, env;
  int timeout_s = 0;  // 0: none
  friend bool operator==(const Hook&, const Hook&) = default;
};

struct TimeOffset {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  friend bool operator==(const TimeOffset&, const TimeOffset&) = default;
};

struct Personality {
  std::string domain;  // "LINUX", "LINUX32"
  std::vector<std::string> flags;
  friend bool operator==(const Personality&, const Personality&) = default;
};

// Creel's: the root file system is an overlay that the container's first process mounts in its own mount namespace.
struct Overlay {
  std::vector<std::string> lower;  // absolute host paths, topmost first
  std::string upper, work;         // empty: read-only overlay
  bool user_xattr = true;          // false as root
  bool discarded = false;          // upper goes when the container ends, and need not be synced to the disk then
  bool fuse = false;               // fuse-overlayfs instead of the kernel's
  std::string fuse_program;        // its path; empty: looked up in $PATH
  friend bool operator==(const Overlay&, const Overlay&) = default;
};

// Creel's: a file that is in memory alone, in its own tmpfs, and in no directory of the host.
struct MemoryFile {
  std::string destination;  // absolute, in the container
  std::string content;
  std::uint32_t mode = 0444, uid = 0, gid = 0;
  friend bool operator==(const MemoryFile&, const MemoryFile&) = default;
};

struct Spec {
  Process process;
  std::string root_path;  // --rootfs; empty: `overlay`
  std::optional<Overlay> overlay;
  bool root_readonly = false;
  std::string hostname, domainname;
  std::vector<Mount> mounts;  // in order
  std::vector<MemoryFile> memory_files;
  std::map<std::string, std::string> annotations;
  std::vector<Hook> prestart, create_runtime, create_container, start_container, poststart, poststop;
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings, gid_mappings;  // with a new user namespace
  std::vector<Device> devices;                        // besides the default ones
  std::vector<std::string> masked_paths, readonly_paths;
  std::map<std::string, std::string> sysctl;
  std::string rootfs_propagation;  // "", "private", "rprivate", "slave", "rslave", "shared", "rshared"
  Seccomp seccomp;
  std::string cgroups_path;  // as given; engine/runtime/cgroup reads it
  Resources resources;
  std::map<std::string, TimeOffset> time_offsets;  // "monotonic", "boottime"
  std::optional<Personality> personality;
  std::string mount_label;  // SELinux, of the mounts
  std::string init_path;    // --init: host path of a static init, bind-mounted to /run/podman-init (Docker:
                            // /sbin/docker-init) and put in front of args
  friend bool operator==(const Spec&, const Spec&) = default;
};

}  // namespace creel::engine::runtime
