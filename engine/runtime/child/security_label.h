// AppArmor profile and SELinux label of the command that a process is about to exec. See apparmor(7), selinux(8).
// Who runs this: the container's process. The file is opened while a procfs can be trusted and written to right before the
// exec.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

struct LabelFiles {
  Fd apparmor, selinux;
};
[[nodiscard]] inline bool wants_label(const ProcessPlan& plan) {
  return !plan.apparmor_profile.empty() || !plan.selinux_label.empty();
}
// Nothing where the plan asks for nothing. kUnavailable where the kernel has no such security module.
Result<LabelFiles> open_label_files(const ProcessPlan& plan, int procfs);
// Holds from the next exec on. kInvalid: no such profile or label is loaded.
Result<void> apply_labels(const ProcessPlan& plan, const LabelFiles& files);

}  // namespace creel::engine::runtime
