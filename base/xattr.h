// Extended attributes that travel with files: into images and out, between containers and the host. Pure; thread-safe.
#pragma once

#include <string_view>

namespace creel {

// What a container can make use of and a layer may decide: user.* and file capabilities. The marks of overlay and of
// fuse-overlayfs speak of other layers than those that they would get into; trusted.* and security.* are the host's.
inline bool is_portable_xattr(std::string_view name) {
  return name == "security.capability" ||
         (name.starts_with("user.") && !name.starts_with("user.overlay.") && !name.starts_with("user.fuseoverlayfs."));
}

}  // namespace creel
