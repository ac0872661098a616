// Loading the seccomp filter, and handing its listener over where it asks somebody (SCMP_ACT_NOTIFY). See seccomp(2),
// seccomp_unotify(2), config-linux.md "The Container Process State".
// Who runs this: the container's process, root in its user namespace or with no_new_privs.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

struct SeccompListener {
  Fd socket;          // of who listens; invalid: the filter asks nobody
  std::string state;  // the container process's state, as it goes there
};
// While the host's paths can be seen. `state`: of the container; `pid`: of this process as the host sees it.
Result<SeccompListener> connect_seccomp_listener(const ProcessPlan& plan, const std::string& state, pid_t pid);

Result<void> load_filter(const ProcessPlan& plan, const SeccompListener& listener);

}  // namespace creel::engine::runtime
