// SIGTERM to a monitor: it means the container, and that it is not to be started again.
#pragma once

namespace creel::engine::monitor {

// Whether one has come since this process has begun.
[[nodiscard]] bool is_termination_asked();
// From now on it is passed on to this process; -1: to none.
void pass_on_termination(int pidfd);

}  // namespace creel::engine::monitor
