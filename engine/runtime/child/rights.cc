#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "engine/runtime/child/steps.h"

namespace creel::engine::runtime {

namespace {

Result<void> load_filter(const ProcessPlan& plan) {
  if (plan.seccomp.empty()) return {};
  const std::size_t count = plan.seccomp.size() / sizeof(sock_filter);
  if (plan.seccomp.size() % sizeof(sock_filter) != 0 || count == 0 || count > 32768) {
    return fail(Code::kInvalid, "the seccomp filter is damaged or too long");
  }
  std::vector<sock_filter> code(count);
  plan.seccomp.copy(reinterpret_cast<char*>(code.data()), plan.seccomp.size());
  sock_fprog program{static_cast<unsigned short>(count), code.data()};
  const unsigned flags = plan.seccomp_log ? SECCOMP_FILTER_FLAG_LOG : 0;
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0) return errno_error("loading the seccomp filter");
  return {};
}

Result<void> set_caps(std::uint64_t effective, std::uint64_t permitted, std::uint64_t inheritable) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  for (int i = 0; i < 2; ++i) {
    data[i].effective = static_cast<std::uint32_t>(effective >> (32 * i));
    data[i].permitted = static_cast<std::uint32_t>(permitted >> (32 * i));
    data[i].inheritable = static_cast<std::uint32_t>(inheritable >> (32 * i));
  }
  if (syscall(SYS_capset, &header, data) != 0) return errno_error("setting the container's capabilities");
  return {};
}

}  // namespace

Result<void> set_limits(const ProcessPlan& plan) {
  for (const RlimitStep& step : plan.rlimits) {
    const rlimit64 limit{step.soft, step.hard};
    if (prlimit64(0, static_cast<__rlimit_resource>(step.resource), &limit, nullptr) != 0) {
      return errno_error("setting resource limit number " + std::to_string(step.resource));
    }
  }
  if (plan.set_oom_score_adj) {
    TRY_SET(Fd file, open_file("/proc/self/oom_score_adj", O_WRONLY));
    TRY(write_all(file.get(), std::to_string(plan.oom_score_adj)));
  }
  return {};
}

Result<void> drop_rights(const ProcessPlan& plan, int channel) {
  // Without no_new_privs the kernel wants CAP_SYS_ADMIN for a filter: it must come before the capabilities go.
  if (!plan.no_new_privileges) TRY(load_filter(plan));
  for (int cap = 0; cap < 64; ++cap) {
    if (prctl(PR_CAPBSET_READ, cap) < 0) break;
    if ((plan.cap_bounding >> cap & 1) == 0 && prctl(PR_CAPBSET_DROP, cap) != 0) return errno_error("dropping a capability");
  }
  if (prctl(PR_SET_KEEPCAPS, 1) != 0) return errno_error("keeping capabilities across the change of user");
  const std::vector<gid_t> groups(plan.user.groups.begin(), plan.user.groups.end());
  // A user namespace with one ID forbids setgroups; then there are none to leave that it could name.
  if (setgroups(groups.size(), groups.data()) != 0 && !(errno == EPERM && groups.empty())) {
    return errno_error("setting the supplementary groups");
  }
  const auto bad_id = [](Error error) {
    if (error.err != EINVAL) return error;
    return std::move(error).with_hint("this ID is not mapped in the user namespace: more subordinate IDs are needed");
  };
  if (setresgid(plan.user.gid, plan.user.gid, plan.user.gid) != 0) {
    return bad_id(errno_error("becoming group " + std::to_string(plan.user.gid)));
  }
  if (setresuid(plan.user.uid, plan.user.uid, plan.user.uid) != 0) {
    return bad_id(errno_error("becoming user " + std::to_string(plan.user.uid)));
  }
  (void)prctl(PR_SET_DUMPABLE, 0);
  TRY(die_with_parent(channel));
  // A user other than root has only what is ambient; the exec would take the rest away anyway.
  const bool root = plan.user.uid == 0;
  const std::uint64_t keep = root ? ~0ULL : plan.cap_ambient;
  TRY(set_caps(plan.cap_effective & keep, plan.cap_permitted & keep, plan.cap_inheritable & keep));
  (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int cap = 0; cap < 64; ++cap) {
    if ((plan.cap_ambient >> cap & 1) != 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) != 0) {
      return errno_error("raising an ambient capability");
    }
  }
  umask(plan.umask);
  if (!plan.no_new_privileges) return {};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("setting no_new_privs");
  return load_filter(plan);
}

}  // namespace creel::engine::runtime
