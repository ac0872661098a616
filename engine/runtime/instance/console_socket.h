// --console-socket: who asked for the container's terminal listens there, and gets its main side by SCM_RIGHTS.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::runtime {

// Connects before there is a container, so that a wrong path costs nothing.
Result<Fd> connect_console_socket(const std::string& path);
Result<void> send_terminal(int socket, int terminal);

}  // namespace creel::engine::runtime
