// A Spec that says whatever config.json can say, for the round trip and for the schema.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/spec.h"

namespace creel::tests {

using namespace engine::runtime;

inline Mount mount_of(const char* destination, const char* type, const char* source, std::vector<std::string> options) {
  Mount out;
  out.destination = destination;
  out.type = type;
  out.source = source;
  out.options = std::move(options);
  return out;
}

inline void fill_process(Process& process) {
  process.terminal = true;
  process.rows = 24;
  process.columns = 80;
  process.user.uid = 1000;
  process.user.gid = 1001;
  process.user.additional_gids = {5, 6};
  process.user.umask = 027;
  process.args = {"sh", "-c", "echo \"\xc3\xa9\""};
  process.env = {"PATH=/bin", "EMPTY="};
  process.cwd = "/srv";
  process.capabilities = {{"CAP_CHOWN", "CAP_KILL"}, {"CAP_CHOWN"}, {"CAP_KILL"},
                          {"CAP_CHOWN", "CAP_KILL"}, {"CAP_KILL"},  {}};
  process.rlimits = {{"RLIMIT_NOFILE", 1024, 4096}, {"RLIMIT_CORE", 0, UINT64_MAX}};
  process.no_new_privileges = true;
  process.oom_score_adj = -500;
  process.apparmor_profile = "acme";
  process.selinux_label = "system_u:system_r:container_t:s0";
  process.scheduler = Scheduler{"SCHED_DEADLINE", 0, 0, {"SCHED_FLAG_RESET_ON_FORK"}, 1000000, 2000000, 3000000};
  process.io_priority = IoPriority{"IOPRIO_CLASS_BE", 4};
  process.exec_cpu_affinity = {"0-1", "0,2-3"};
}

inline void fill_resources(Resources& resources) {
  resources.memory_limit = 1 << 30;
  resources.memory_reservation = 1 << 29;
  resources.memory_swap = -1;
  resources.check_before_update = true;
  resources.cpu_shares = 512;
  resources.cpu_quota = -1;
  resources.cpu_period = 100000;
  resources.cpu_burst = 0;
  resources.cpu_idle = 1;
  resources.cpuset_cpus = "0-1";
  resources.cpuset_mems = "0";
  resources.pids_limit = 100;
  resources.io_weight = 500;
  resources.io_weight_device = {{8, 0, 300}};
  resources.io_read_bps = {{8, 0, 1000000}};
  resources.io_write_bps = {{8, 0, 2000000}};
  resources.io_read_iops = {{8, 0, 300}};
  resources.io_write_iops = {{8, 16, 400}};
  resources.hugepages = {{"2MB", 4 << 20}};
  resources.unified = {{"memory.high", "1000000"}, {"pids.max", "20"}};
  resources.devices = {{false, 'a', {}, {}, "rwm"}, {true, 'c', 1, 3, "rw"}, {true, 'b', 8, {}, ""}};
}

// Whatever config.json can say.
inline Spec rich_spec() {
  Spec spec;
  fill_process(spec.process);
  spec.root_path = "/srv/rootfs";
  spec.root_readonly = true;
  spec.hostname = "box";
  spec.domainname = "example.org";
  spec.mounts = {mount_of("/proc", "proc", "proc", {}),
                 mount_of("/data", "bind", "/srv/data", {"rbind", "rro", "idmap"})};
  spec.mounts[1].uid_mappings = {{0, 100000, 65536}};
  spec.mounts[1].gid_mappings = {{0, 200000, 65536}};
  spec.annotations = {{"org.example.key", "a value"}, {"empty", ""}};
  spec.prestart = {{"/bin/a", {"a", "1"}, {"K=V"}, 5}, {"/bin/b", {}, {}, 0}};
  spec.create_runtime = {{"/bin/c", {}, {}, 1}};
  spec.create_container = {{"/bin/d", {}, {}, 2}};
  spec.start_container = {{"/bin/e", {}, {}, 3}};
  spec.poststart = {{"/bin/f", {}, {}, 4}};
  spec.poststop = {{"/bin/g", {}, {}, 6}};
  spec.namespaces = {{NamespaceType::kUser, {}}, {NamespaceType::kMount, {}}, {NamespaceType::kPid, "/proc/1/ns/pid"},
                     {NamespaceType::kIpc, {}},  {NamespaceType::kUts, {}},   {NamespaceType::kNetwork, "/run/netns/a"},
                     {NamespaceType::kTime, {}}, {NamespaceType::kCgroup, {}}};
  spec.uid_mappings = {{0, 1000, 1}, {1, 100000, 65536}};
  spec.gid_mappings = {{0, 1000, 1}};
  spec.devices = {{"/dev/fuse", 'c', 10, 229, 0600, 1, 2},
                  {"/dev/loop0", 'b', 7, 0, 0660, 0, 6},
                  {"/run/fifo", 'p', 0, 0, 0666, 0, 0}};
  spec.masked_paths = {"/proc/kcore"};
  spec.readonly_paths = {"/proc/sys"};
  spec.sysctl = {{"net.ipv4.ip_forward", "1"}};
  spec.rootfs_propagation = "slave";
  spec.seccomp.kind = SeccompKind::kUnconfined;
  spec.cgroups_path = "system.slice:creel:1";
  fill_resources(spec.resources);
  spec.time_offsets = {{"monotonic", {172800, 5}}, {"boottime", {-1, 0}}};
  spec.personality = Personality{"LINUX32", {}};
  spec.mount_label = "system_u:object_r:container_file_t:s0";
  return spec;
}

}  // namespace creel::tests
