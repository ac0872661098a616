// The network helper beside a container: started when the network namespace exists, ended by the kernel closing a pipe.
#pragma once

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"
#include "engine/monitor/shared/job.h"

namespace creel::engine::monitor {

class NetworkHelper {
 public:
  // Starts slirp4netns on the container's network namespace; does not wait for it. By descriptor: a process that becomes
  // root of a user namespace of its own (keep-id) cannot be looked into by its PID.
  static Result<NetworkHelper> start(const NetworkJob& job, const std::string& running_dir, int network_namespace);
  // Waits until it is attached, then publishes the ports. kInUse names the port that is taken.
  Result<void> wait_ready(const NetworkJob& job, const std::string& running_dir);
  // Ends it: closes the pipe it watches. Giving up its interface takes the kernel 15 ms; `wait`: until then, for the ports
  // that it holds on the host.
  void stop(bool wait);

 private:
  Process process_;
  Fd exit_, ready_, errors_;
};

}  // namespace creel::engine::monitor
