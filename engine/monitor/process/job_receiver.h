// The job as it comes from who starts the container: descriptors, then the job itself. Single-threaded.
#pragma once

#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/monitor/shared/job.h"

namespace creel::engine::monitor {

struct ReceivedJob {
  bool given = false;  // false: the other side thought better of it
  bool attached = false;
  bool initializes = false;  // the command is begun later
  Job job;
  std::vector<Fd> descriptors;  // to be preserved, then namespaces that the plan names
};
// Supplementary groups are dropped as the job wants it. An error that comes instead is passed on.
Result<ReceivedJob> receive_job(int socket);

}  // namespace creel::engine::monitor
