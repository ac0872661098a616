// The socket on which an OCI runtime hands over a container's terminal (--console-socket). Single-threaded.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::monitor {

class ConsoleSocket {
 public:
  // <dir>/<name>, however long the directory's path is.
  static Result<ConsoleSocket> listen(const std::string& dir, const std::string& name);
  // The pty's main side. Waits for the runtime, ten seconds at most.
  Result<Fd> receive();

 private:
  Fd listener_;
};

}  // namespace creel::engine::monitor
