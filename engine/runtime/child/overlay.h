// The kernel's overlay (Documentation/filesystems/overlayfs.rst). Who runs this: the container's first process, or who opens
// its mounts for it, in its mount namespace.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::runtime {

struct OverlayParts {
  std::vector<std::string> lower;  // topmost first
  std::string upper, work;         // both, or neither: read-only
  bool user_xattr = false;
  bool discarded = false;  // mount option "volatile": the file system of `upper` is not synced when this is unmounted, or asked to
};

// A detached mount. EINVAL where there are more layers than a kernel before Linux 6.5 takes this way.
Result<Fd> make_overlay(const OverlayParts& parts);
// The earlier way, a string of at most a page: mounted on the directory `at`.
Result<Fd> mount_overlay_at(const OverlayParts& parts, const std::string& at);

}  // namespace creel::engine::runtime
