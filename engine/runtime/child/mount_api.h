// The kernel's mount API (fsopen, fsmount, open_tree, move_mount, mount_setattr), by descriptors. See mount_setattr(2),
// open_tree(2). Who runs this: the container's first process, root in its user namespace, in its own mount namespace.
#pragma once

#include <linux/mount.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::runtime {

using MountOptions = std::vector<std::pair<std::string, std::string>>;  // key, value; an empty value sets a flag

// A new, detached mount. Errors carry the kernel's own explanation (the file system context's log) and a cure where known.
Result<Fd> mount_filesystem(const std::string& type, const std::string& source, const MountOptions& options,
                            std::uint64_t attributes);
// A detached copy of the mount at `path` beneath `dir` (AT_FDCWD for the host's view).
Result<Fd> clone_tree(int dir, const std::string& path, bool recursive);
// Attaches a detached mount on the object behind `target` (an O_PATH descriptor).
Result<void> attach(int mount, int target, const std::string& name);
Result<void> set_attributes(int mount, std::uint64_t set, std::uint64_t clear, std::uint64_t propagation, bool recursive,
                            const std::string& name);
// MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE, MS_SHARED, each that is in `flags`, in this order: a slave can be shared onwards.
// 0: private. With MS_REC, and where `recursive` for 0, all beneath too.
Result<void> set_propagation(int mount, std::uint64_t flags, bool recursive, const std::string& name);
// "a=b,c" as options.
MountOptions parse_mount_data(const std::string& data);
// mount's errnos that mislead, translated.
Error mount_error(const std::string& what, int err);

}  // namespace creel::engine::runtime
