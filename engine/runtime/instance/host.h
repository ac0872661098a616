// What creel-runtime must know of who calls it. Thread-safe.
#pragma once

namespace creel::engine::runtime {

// Whether this process is in the initial user namespace. One inside another (rootless Podman, a container) may be root
// and yet make no device nodes.
bool in_initial_user_namespace();

}  // namespace creel::engine::runtime
