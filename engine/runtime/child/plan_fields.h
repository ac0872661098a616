// The fields of a Plan in the order they are encoded; one list for both directions.
#pragma once

#include "engine/runtime/child/plan.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::runtime {

template <typename Archive>
void fields(Archive& a, DeviceRule& d) {
  a.all(d.allow, d.type, d.major, d.minor, d.access);
}
template <typename Archive>
void fields(Archive& a, BlockRate& r) {
  a.all(r.major, r.minor, r.rate);
}
template <typename Archive>
void fields(Archive& a, BlockWeight& w) {
  a.all(w.major, w.minor, w.weight);
}
template <typename Archive>
void fields(Archive& a, HugepageLimit& h) {
  a.all(h.page_size, h.limit);
}
template <typename Archive>
void fields(Archive& a, Resources& r) {
  a.all(r.memory_limit, r.memory_reservation, r.memory_swap, r.check_before_update, r.cpu_shares, r.cpu_period, r.cpu_burst,
        r.cpu_quota, r.cpu_idle, r.cpuset_cpus, r.cpuset_mems, r.pids_limit, r.io_weight, r.io_weight_device, r.io_read_bps,
        r.io_write_bps, r.io_read_iops, r.io_write_iops, r.hugepages, r.unified, r.devices);
}
template <typename Archive>
void fields(Archive& a, CgroupPlan& c) {
  a.all(c.manager, c.path, c.slice, c.scope, c.bus_uid, c.runtime_dir, c.bus_address, c.description, c.required, c.owner,
        c.resources);
}
template <typename Archive>
void fields(Archive& a, IdMapStep& m) {
  a.all(m.inside, m.outside, m.count);
}
template <typename Archive>
void fields(Archive& a, HookStep& h) {
  a.all(h.path, h.args, h.env, h.timeout_s);
}
template <typename Archive>
void fields(Archive& a, MountStep& m) {
  a.all(m.kind, m.destination, m.source, m.source_namespace, m.subpath, m.type, m.data, m.attr_set, m.attr_clear, m.attr_set_recursive,
        m.attr_clear_recursive, m.propagation, m.recursive, m.deep, m.copy_up, m.keep_owner, m.chown, m.mode, m.device, m.uid, m.gid, m.idmap, m.idmap_recursive,
        m.idmap_container, m.uid_map, m.gid_map, m.lower, m.upper, m.work, m.user_xattr);
}
template <typename Archive>
void fields(Archive& a, NamespaceStep& n) {
  a.all(n.clone_flag, n.path);
}
template <typename Archive>
void fields(Archive& a, RlimitStep& r) {
  a.all(r.resource, r.soft, r.hard);
}
template <typename Archive>
void fields(Archive& a, UserStep& u) {
  a.all(u.uid, u.gid, u.groups, u.name);
}
template <typename Archive>
void fields(Archive& a, ProcessPlan& p) {
  a.all(p.args, p.env, p.cwd, p.create_cwd, p.user, p.cap_bounding, p.cap_effective, p.cap_permitted, p.cap_inheritable,
        p.cap_ambient, p.rlimits, p.no_new_privileges, p.terminal, p.rows, p.columns, p.umask, p.set_oom_score_adj,
        p.oom_score_adj, p.seccomp, p.seccomp_flags, p.seccomp_listener_path, p.seccomp_listener_metadata, p.apparmor_profile,
        p.selinux_label, p.set_scheduler, p.sched_policy, p.sched_nice, p.sched_priority, p.sched_flags, p.sched_runtime_ns,
        p.sched_deadline_ns, p.sched_period_ns, p.io_priority, p.cpus_initial, p.cpus_final, p.personality, p.set_personality,
        p.preserve_fds, p.keep_groups);
}
template <typename Archive>
void fields(Archive& a, Plan& p) {
  a.all(p.process, p.namespaces, p.uid_map, p.gid_map, p.rootfs, p.lower, p.upper, p.work, p.overlay_user_xattr, p.overlay_discarded, p.overlay_fuse,
        p.fuse_overlayfs, p.root_readonly, p.root_propagation, p.hostname, p.domainname, p.mounts, p.sysctl, p.cgroup,
        p.time_offsets, p.new_keyring, p.no_pivot, p.mount_label, p.create_runtime, p.create_container, p.start_container,
        p.poststart, p.poststop, p.hook_state);
}

}  // namespace creel::engine::runtime
