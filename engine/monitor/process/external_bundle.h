// The bundle (runtime-spec, bundle.md) of a container that another OCI runtime runs: <running>/bundle with config.json and the
// root file system, mounted in a mount namespace of the monitor's own, which goes when the last of the two is gone.
// Who runs this: the monitor, single-threaded, root of the engine's user namespace (or real root).
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/monitor/shared/job.h"

namespace creel::engine::monitor {

// Enters the mount namespace, mounts, looks up the user in the container's own /etc/passwd, fills and gives away volumes, makes
// the working directory, writes config.json. What an earlier, killed monitor left in the bundle is removed.
Result<void> make_bundle(const Job& job);
// The mount is returned: the kernel writes an overlay's upper directory to disk when the last hold on it goes, and nobody should
// wait for that.
Fd remove_bundle(const Job& job);
std::string bundle_dir(const Job& job);

}  // namespace creel::engine::monitor
