// Idmapped mounts: a mount whose files have other owners than on disk. See mount_setattr(2), MOUNT_ATTR_IDMAP.
// Who runs this: whoever opens what is bound from the host, root of the user namespace that the file system belongs to.
#pragma once

#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

// On the detached `mount`, before anything else is set. `container_namespace`: the container's user namespace, for
// mappings that are its own; -1: it has none. kUnavailable where the kernel or the file system refuses.
Result<void> map_ids(int mount, const MountStep& step, int container_namespace);

}  // namespace creel::engine::runtime
