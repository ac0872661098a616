// The lock that says a monitor lives: an open-file-description lock (fcntl(2), F_OFD_SETLK) on <running>/lock. Unlike
// flock(2) it can be asked about without being taken, so a curious `ps` never gets in a starting monitor's way. For the
// same reason nobody waits for its end by asking for the lock: the file names its holder, and a process's end is an
// event.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::monitor {

// The lock, held until the descriptor and its copies are closed. kInUse when another has it.
Result<Fd> take_monitor_lock(const std::string& running_dir);
[[nodiscard]] bool monitor_lives(const std::string& running_dir);
// A pidfd of the process that holds the lock, readable when that process is gone. Nothing when no process holds it, or
// when it has not yet written its name.
[[nodiscard]] std::optional<Fd> monitor_process(const std::string& running_dir);

}  // namespace creel::engine::monitor
