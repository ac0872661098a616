// The network helper beside a container: started when the network namespace exists, ended by the kernel closing a pipe.
#pragma once

#include <sys/types.h>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"
#include "engine/monitor/shared/job.h"

namespace creel::engine::monitor {

class NetworkHelper {
 public:
  // Starts slirp4netns on the namespace of `container`; does not wait for it.
  static Result<NetworkHelper> start(const NetworkJob& job, const std::string& running_dir, pid_t container);
  // Waits until it is attached, then publishes the ports. kInUse names the port that is taken.
  Result<void> wait_ready(const NetworkJob& job, const std::string& running_dir);
  // Ends it: closes the pipe it watches, and reaps it.
  void stop();

 private:
  Process process_;
  Fd exit_, ready_, errors_;
};

}  // namespace creel::engine::monitor
