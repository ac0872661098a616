// Copying an image's directory into an empty volume or tmpfs: owners, modes, times, extended attributes, links.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace creel::engine::runtime {

// The content of directory `from` into directory `to`. Symbolic links are copied, never followed; device nodes and sockets
// are left out. `to` itself gets the attributes of `from` where `itself`.
Result<void> copy_tree(int from, int to, bool itself = true);
Result<bool> is_empty_directory(int dir);
// lchown of everything beneath `dir`, itself included; what already has the owner is not touched.
Result<void> chown_tree(int dir, std::uint32_t uid, std::uint32_t gid);

}  // namespace creel::engine::runtime
