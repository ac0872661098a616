#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "engine/runtime/capability_names.h"
#include "engine/runtime/compile.h"
#include "engine/runtime/compile_scheduling.h"
#include "engine/runtime/seccomp/select.h"

namespace creel::engine::runtime {

namespace {

constexpr std::array<std::pair<std::string_view, int>, 16> kLimits = {{
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
}};

Result<RlimitStep> compile_rlimit(const Rlimit& limit) {
  const int resource = rlimit_number(limit.type);
  if (resource < 0) return fail(Code::kInvalid, "\"" + limit.type + "\": unknown resource limit");
  if (limit.soft > limit.hard) {
    return fail(Code::kInvalid, limit.type + ": the soft limit " + std::to_string(limit.soft) +
                                    " is above the hard one " + std::to_string(limit.hard));
  }
  return RlimitStep{resource, limit.soft, limit.hard};
}

Result<void> compile_capabilities(const Capabilities& from, ProcessPlan& plan) {
  TRY_SET(plan.cap_bounding, capability_mask(from.bounding));
  TRY_SET(plan.cap_effective, capability_mask(from.effective));
  TRY_SET(plan.cap_permitted, capability_mask(from.permitted));
  TRY_SET(plan.cap_inheritable, capability_mask(from.inheritable));
  TRY_SET(plan.cap_ambient, capability_mask(from.ambient));
  return {};
}

// Asked for and not to be had is an error, never silence.
Result<void> check_labels(const Process& process) {
  if (!process.apparmor_profile.empty() && process.apparmor_profile != "unconfined") {
    auto enabled = read_file("/sys/module/apparmor/parameters/enabled", 16);
    if (!enabled.ok() || enabled->empty() || enabled->front() != 'Y') {
      return fail(Code::kUnavailable, "AppArmor profile " + process.apparmor_profile + ": AppArmor is not enabled on this host");
    }
  }
  if (!process.selinux_label.empty() && !path_exists("/sys/fs/selinux/enforce")) {
    return fail(Code::kUnavailable, "SELinux label " + process.selinux_label + ": SELinux is not enabled on this host");
  }
  return {};
}

}  // namespace

int rlimit_number(std::string_view name) {
  const auto* found = std::find_if(kLimits.begin(), kLimits.end(), [&](const auto& one) { return one.first == name; });
  return found == kLimits.end() ? -1 : found->second;
}

Result<ProcessPlan> compile_process(const Process& process, const Seccomp& seccomp) {
  ProcessPlan plan;
  plan.args = process.args;
  plan.env = process.env;
  if (process.cwd.empty() || process.cwd[0] != '/') {
    return fail(Code::kInvalid, "working directory \"" + process.cwd + "\": an absolute path is expected");
  }
  plan.cwd = process.cwd;
  plan.create_cwd = process.create_cwd;
  plan.user = {process.user.uid, process.user.gid, process.user.additional_gids, process.user.name};
  plan.umask = process.user.umask.value_or(plan.umask);
  TRY(compile_capabilities(process.capabilities, plan));
  for (const Rlimit& limit : process.rlimits) {
    TRY_SET(const RlimitStep step, compile_rlimit(limit));
    plan.rlimits.push_back(step);
  }
  plan.no_new_privileges = process.no_new_privileges;
  plan.terminal = process.terminal;
  plan.rows = process.rows;
  plan.columns = process.columns;
  plan.set_oom_score_adj = process.oom_score_adj.has_value();
  plan.oom_score_adj = process.oom_score_adj.value_or(0);
  if (plan.oom_score_adj < -1000 || plan.oom_score_adj > 1000) {
    return fail(Code::kInvalid, "oom_score_adj " + std::to_string(plan.oom_score_adj) + " is not between -1000 and 1000");
  }
  TRY(check_labels(process));
  plan.apparmor_profile = process.apparmor_profile == "unconfined" ? std::string() : process.apparmor_profile;
  plan.selinux_label = process.selinux_label;
  TRY(compile_scheduling(process, plan));
  plan.preserve_fds = process.preserve_fds;
  TRY_SET(SeccompFilter filter, seccomp_filter(seccomp, plan.cap_bounding));
  plan.seccomp = std::move(filter.code);
  plan.seccomp_flags = filter.flags;
  plan.seccomp_listener_path = std::move(filter.listener_path);
  plan.seccomp_listener_metadata = std::move(filter.listener_metadata);
  return plan;
}

}  // namespace creel::engine::runtime
