// The fields of a Plan in the order they are encoded; one list for both directions.
#pragma once

#include "engine/runtime/child/plan.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::runtime {

template <typename Archive>
void fields(Archive& a, MountStep& m) {
  a.all(m.kind, m.destination, m.source, m.type, m.data, m.attr_set, m.attr_clear, m.propagation, m.recursive, m.copy_up, m.chown,
        m.mode, m.device);
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
void fields(Archive& a, IdMapStep& m) {
  a.all(m.inside, m.outside, m.count);
}
template <typename Archive>
void fields(Archive& a, UserStep& u) {
  a.all(u.uid, u.gid, u.groups, u.name);
}
template <typename Archive>
void fields(Archive& a, ProcessPlan& p) {
  a.all(p.args, p.env, p.cwd, p.create_cwd, p.user, p.cap_bounding, p.cap_effective, p.cap_permitted, p.cap_inheritable,
        p.cap_ambient, p.rlimits, p.no_new_privileges, p.terminal, p.rows, p.columns, p.umask, p.set_oom_score_adj,
        p.oom_score_adj, p.seccomp, p.seccomp_log);
}
template <typename Archive>
void fields(Archive& a, Plan& p) {
  a.all(p.process, p.namespaces, p.uid_map, p.gid_map, p.rootfs, p.lower, p.upper, p.work, p.overlay_user_xattr, p.overlay_fuse,
        p.fuse_overlayfs, p.root_readonly, p.root_propagation, p.hostname, p.mounts, p.sysctl);
}

}  // namespace creel::engine::runtime
