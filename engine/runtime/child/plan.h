// What the container's first process must do, as plain data that crosses a process boundary.
//
// The CLI compiles a runtime::Spec to a Plan (engine/runtime/compile.h); creel-monitor decodes it and runs it
// (engine/runtime/child/init.h). Everything that needs JSON, libseccomp, a table or a decision happened before: a Plan
// holds numbers, flags, ready BPF and strings. Encoded form: little-endian, length-prefixed, magic "CRPL" + version;
// decode() refuses anything out of bounds. The same two executables are always installed together.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/runtime/cgroup/cgroup.h"

namespace creel::engine::runtime {

struct IdMapStep {
  std::uint32_t inside, outside, count;
};

// One step of building the root file system, executed in order inside the new mount namespace, before the pivot.
struct MountStep {
  enum class Kind : std::uint8_t {
    kBind,       // open_tree(source) clone, mount_setattr, move_mount onto `destination`
    kFilesystem, // fsopen(type) … fsmount, attributes, move_mount
    kMask,       // hide a path: /dev/null over files, an empty read-only tmpfs over directories; absent is fine
    kReadonly,   // re-bind a path read-only; absent is fine
    kSymlink,    // `source` is the target
    kDevice,     // mknod, or in a user namespace bind from the host
    kTmpcopyup,  // tmpfs that starts with a copy of what was there
    kRemount,    // attributes of what is mounted at `destination`
    kCgroupV1,   // a tmpfs with the host's cgroup v1 hierarchies in it
    kMemoryFile, // a file with the content `data` in a tmpfs of its own
    kOverlay,    // an overlay of `lower`, with `upper` and `work` where given; attached as a bind is
  };
  Kind kind = Kind::kBind;
  std::string destination;    // in the container, resolved with RESOLVE_IN_ROOT, created where absent
  std::string source;         // host path
  std::string source_namespace;   // bind: a mount namespace, by path, in which `source` is looked up; empty: the caller's
  std::string subpath;        // bind: what of `source` is meant, resolved with RESOLVE_IN_ROOT beneath it
  std::string type;           // file system
  std::string data;           // "size=65536k,mode=1777": key[=value] parameters for fsconfig
  std::uint64_t attr_set = 0; // MOUNT_ATTR_*
  std::uint64_t attr_clear = 0;
  std::uint64_t attr_set_recursive = 0, attr_clear_recursive = 0;  // "rro", "rnosuid", …: the whole tree
  std::uint64_t propagation = 0;  // MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE, several of them in this order, MS_REC; 0: private
  bool recursive = false;
  bool deep = false;              // attr_set and attr_clear hold for what is bound recursively beneath, too
  bool copy_up = false;           // bind: fill an empty source from the image first; with nothing there, it is the user's
  bool keep_owner = false;        // copy_up: the source itself keeps its owner and mode
  bool chown = false;             // ":U": give the source to the container's user
  std::uint32_t mode = 0;         // devices
  std::uint64_t device = 0;
  std::uint32_t uid = 0, gid = 0;   // owner of a device
  // An idmapped mount: these mappings, or with `idmap_container` those of the container's own user namespace.
  bool idmap = false, idmap_recursive = false, idmap_container = false;
  std::vector<IdMapStep> uid_map, gid_map;
  std::vector<std::string> lower;   // kOverlay: topmost first
  std::string upper, work;
  bool user_xattr = false;
};

struct NamespaceStep {
  int clone_flag = 0;   // CLONE_NEW*
  std::string path;     // empty: new
};

struct RlimitStep {
  int resource = 0;
  std::uint64_t soft = 0, hard = 0;
};

struct UserStep {
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups;
  std::string name;      // not empty: look up in the container's files
};

// What an exec'd process and the first process have in common.
struct ProcessPlan {
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd = "/";
  bool create_cwd = false;
  UserStep user;
  std::uint64_t cap_bounding = 0, cap_effective = 0, cap_permitted = 0, cap_inheritable = 0, cap_ambient = 0;
  std::vector<RlimitStep> rlimits;
  bool no_new_privileges = false;
  bool terminal = false;
  std::uint16_t rows = 0, columns = 0;
  std::uint32_t umask = 022;
  bool set_oom_score_adj = false;
  std::int32_t oom_score_adj = 0;
  std::string seccomp;   // struct sock_filter[] as bytes; empty: unconfined
  std::uint32_t seccomp_flags = 0;   // SECCOMP_FILTER_FLAG_*
  // SCMP_ACT_NOTIFY: the listener goes to this socket, with the container's state and this text (config-linux.md).
  std::string seccomp_listener_path, seccomp_listener_metadata;
  std::string apparmor_profile, selinux_label;
  bool set_scheduler = false;
  std::uint32_t sched_policy = 0;
  std::int32_t sched_nice = 0;
  std::uint32_t sched_priority = 0;
  std::uint64_t sched_flags = 0, sched_runtime_ns = 0, sched_deadline_ns = 0, sched_period_ns = 0;
  std::int32_t io_priority = -1;     // as ioprio_set(2) takes it; -1: untouched
  std::string cpus_initial, cpus_final;   // exec: cpu_set_t as bytes; empty: untouched
  std::uint64_t personality = 0;     // with `set_personality`
  bool set_personality = false;
  std::vector<std::uint32_t> preserve_fds;   // numbers that stay open, each once, from 3 on
  // The caller's own supplementary groups are kept (--group-add keep-groups): setgroups(2) is not called.
  bool keep_groups = false;
};

struct HookStep {
  std::string path;
  std::vector<std::string> args, env;
  std::uint32_t timeout_s = 0;   // 0: none
};

struct Plan {
  ProcessPlan process;
  std::vector<NamespaceStep> namespaces;
  std::vector<IdMapStep> uid_map, gid_map;   // with a nested new user namespace; written by the monitor
  // Root file system: an overlay, or a directory.
  std::string rootfs;                        // --rootfs
  std::vector<std::string> lower;
  std::string upper, work;
  bool overlay_user_xattr = true;
  bool overlay_discarded = false;
  bool overlay_fuse = false;
  std::string fuse_overlayfs;                // path of the program
  bool root_readonly = false;
  std::uint64_t root_propagation = 0;        // MS_*; 0: private
  std::string hostname, domainname;
  std::vector<MountStep> mounts;
  std::vector<std::pair<std::string, std::string>> sysctl;   // "net/ipv4/ip_forward" -> "1"
  CgroupPlan cgroup;
  std::string time_offsets;                  // lines of /proc/PID/timens_offsets
  bool new_keyring = false;                  // a session keyring of its own (session-keyring(7))
  bool no_pivot = false;                     // MS_MOVE and chroot(2): the root is an initramfs
  std::string mount_label;                   // SELinux context of mounts
  std::vector<HookStep> create_runtime;      // prestart and createRuntime: by the parent, in the runtime's namespaces
  std::vector<HookStep> create_container;    // by the child before the pivot
  std::vector<HookStep> start_container;     // by the child before the exec
  std::vector<HookStep> poststart, poststop; // by the parent
  std::string hook_state;                    // the state of runtime-spec runtime.md as JSON, with "@PID@" and "@STATUS@"
                                             // to be replaced; on the hooks' stdin
};

std::string encode(const Plan& plan);
Result<Plan> decode_plan(std::string_view bytes);
std::string encode(const ProcessPlan& plan);
Result<ProcessPlan> decode_process_plan(std::string_view bytes);

}  // namespace creel::engine::runtime
