// The kernel's own /proc, and this process's files in it, told from what an image or another container has put in its place
// (CVE-2025-52881, CVE-2019-19921). Thread-safe.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::runtime {

// The host's /proc, O_PATH; kUnavailable where no procfs is mounted there. To be closed before a command runs.
Result<Fd> open_host_procfs();
// The root of a procfs at /proc beneath `root`; kInvalid where something else lies there.
Result<Fd> open_procfs_in(int root);
// A file beneath `procfs`: through no link and no mount on the way.
Result<Fd> open_in_procfs(int procfs, const std::string& path, int flags);
// "attr/exec" of this very thread; `procfs` shows its PID namespace or one around it.
Result<Fd> open_own(int procfs, const std::string& file, int flags);
// This process's number as `procfs` shows it; -1 if not at all.
pid_t own_pid_in(int procfs);

}  // namespace creel::engine::runtime
