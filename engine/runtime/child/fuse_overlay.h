// The root file system through fuse-overlayfs(1), where the kernel's overlay cannot serve: it is refused, or the
// container's user namespace is one whose IDs the layers on disk do not have (keep-id).
//
// The mount is the container's first process's own, made in its user namespace: IDs on disk are then the container's IDs,
// whatever they are outside. The program that serves it runs outside the container, beside the monitor, and ends by itself
// when the container's mount namespace is gone.
// For another OCI runtime the mount is the monitor's, in the engine's user namespace: then the program shows the IDs on disk as
// the container's user namespace, made later, will map them.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

struct FuseMount {
  Fd device;  // /dev/fuse, to be served
  Fd mount;   // detached
};
// Who runs this: the container's first process. kUnavailable where there is no /dev/fuse.
Result<FuseMount> mount_fuse();

// Who runs this: the monitor. kUnavailable where the program is not installed; kInvalid where a path has characters that
// it cannot be told.
Result<Process> serve_fuse(const Plan& plan, int device);

}  // namespace creel::engine::runtime
