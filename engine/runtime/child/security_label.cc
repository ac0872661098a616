#include "engine/runtime/child/security_label.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/file.h"
#include "engine/runtime/child/procfs.h"

namespace creel::engine::runtime {

namespace {

Result<void> write_label(const Fd& file, const std::string& text, const std::string& what) {
  if (write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
  Error error = errno_error(what);
  if (error.err == ENOENT || error.err == EINVAL) error.code = Code::kInvalid;
  return error;
}

Error unavailable(Error error, const std::string& what, const char* module) {
  error.code = Code::kUnavailable;
  return std::move(error).within(what).with_hint(std::string("this host runs without ") + module + ": leave it out");
}

}  // namespace

Result<LabelFiles> open_label_files(const ProcessPlan& plan, int procfs) {
  LabelFiles out;
  if (!plan.apparmor_profile.empty()) {
    auto file = open_own(procfs, "attr/apparmor/exec", O_WRONLY);
    // Before Linux 5.8 there was one file for whichever module was there.
    if (!file.ok() && file.error().err == ENOENT) file = open_own(procfs, "attr/exec", O_WRONLY);
    if (!file.ok()) return unavailable(std::move(file).error(), "AppArmor profile " + plan.apparmor_profile, "AppArmor");
    out.apparmor = std::move(*file);
  }
  if (!plan.selinux_label.empty()) {
    auto file = open_own(procfs, "attr/exec", O_WRONLY);
    if (!file.ok()) return unavailable(std::move(file).error(), "SELinux label " + plan.selinux_label, "SELinux");
    out.selinux = std::move(*file);
  }
  return out;
}

Result<void> apply_labels(const ProcessPlan& plan, const LabelFiles& files) {
  if (files.selinux.valid()) TRY(write_label(files.selinux, plan.selinux_label, "SELinux label " + plan.selinux_label));
  if (files.apparmor.valid()) {
    TRY(write_label(files.apparmor, "exec " + plan.apparmor_profile, "AppArmor profile " + plan.apparmor_profile));
  }
  return {};
}

}  // namespace creel::engine::runtime
