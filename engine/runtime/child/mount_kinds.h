// The kinds of MountStep, one function each (see rootfs.h, mount_all()).
// Who runs this: the container's first process, in its mount namespace, before the pivot.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "engine/runtime/child/rootfs.h"

namespace creel::engine::runtime {

Result<void> mount_bind(MountContext& context, const MountStep& step, Fd source);
// Also kTmpcopyup.
Result<void> mount_new_filesystem(MountContext& context, const MountStep& step);
// Other options for what is mounted there already.
Result<void> remount(MountContext& context, const MountStep& step);
// A cgroup v1 host: a tmpfs with one file system for each hierarchy, as in the host's /sys/fs/cgroup.
Result<void> mount_cgroup_v1(MountContext& context, const MountStep& step);
Result<void> make_device(MountContext& context, const MountStep& step);
Result<void> mount_memory_file(MountContext& context, const MountStep& step);
Result<void> make_symlink(MountContext& context, const MountStep& step);
Result<void> mask_path(MountContext& context, const MountStep& step);
Result<void> make_path_readonly(MountContext& context, const MountStep& step);
// Before something is mounted on `target`: it may cover /proc or /sys, whose masks are then those of what is on top.
void note_covered(MountContext& context, int target);
// Plan::sysctl, into the container's own /proc, which is checked to be one.
Result<void> write_sysctls(MountContext& context);

// Attributes and propagation of a step on a mount that is still detached.
Result<void> dress_mount(int mount, const MountStep& step, bool recursive);
// A mount's descriptor as a directory that can be read and written.
Result<Fd> open_tree_directory(int mount);

}  // namespace creel::engine::runtime
