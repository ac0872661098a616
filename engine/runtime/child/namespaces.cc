#include "engine/runtime/child/namespaces.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "engine/runtime/child/namespace_names.h"

namespace creel::engine::runtime {

namespace {

constexpr int kLater = CLONE_NEWCGROUP | CLONE_NEWTIME;

bool has(const Plan& plan, int flag, bool joined) {
  return std::any_of(plan.namespaces.begin(), plan.namespaces.end(), [&](const NamespaceStep& step) {
    return (step.clone_flag & flag) != 0 && step.path.empty() != joined;
  });
}

// setns(2) refuses the user namespace that the caller is in already.
bool is_own_user_namespace(int ns) {
  struct stat ours{}, theirs{};
  return stat("/proc/self/ns/user", &ours) == 0 && fstat(ns, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
         ours.st_ino == theirs.st_ino;
}

// nsfs alone: no other file stands for a namespace, and setns takes none.
Result<void> join(const NamespaceStep& step) {
  TRY_SET(Fd ns, open_namespace(step.path));
  if (step.clone_flag == CLONE_NEWUSER) {
    if (is_own_user_namespace(ns.get())) return {};
    if (setns(ns.get(), step.clone_flag) != 0) return errno_error("joining user namespace " + step.path);
    return become_root();
  }
  if (setns(ns.get(), step.clone_flag) != 0) {
    Error error = errno_error("joining namespace " + step.path);
    if (error.err == EINVAL) error.hint = "it is not a namespace of the type that it is listed as";
    return error;
  }
  return {};
}

Result<void> raise_loopback() {
  Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno_error("raising the loopback interface");
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) return errno_error("raising the loopback interface");
  return {};
}

}  // namespace

bool makes_namespace(const Plan& plan, int flag) { return has(plan, flag, false); }
bool joins_namespace(const Plan& plan, int flag) { return has(plan, flag, true); }

std::uint64_t cloned_namespaces(const Plan& plan) {
  std::uint64_t flags = 0;
  for (const NamespaceStep& step : plan.namespaces) {
    if (step.path.empty()) flags |= static_cast<std::uint64_t>(static_cast<unsigned>(step.clone_flag & ~kLater));
  }
  // Without one of its own listed a plan is Creel's, which never runs in another's.
  return joins_namespace(plan, CLONE_NEWNS) ? flags : flags | CLONE_NEWNS;
}

bool needs_entry(const Plan& plan) {
  if (joins_namespace(plan, CLONE_NEWPID) || joins_namespace(plan, CLONE_NEWUSER)) return true;
  return makes_namespace(plan, CLONE_NEWUSER) && joins_namespace(plan, ~CLONE_NEWNS);
}

bool shows_namespaces(const Plan& plan) { return needs_entry(plan) && !makes_namespace(plan, CLONE_NEWUSER); }

Result<void> enter_namespaces(const Plan& plan) {
  // First with the rights of who called, which the user namespace would take away; then with those that it gives.
  std::vector<const NamespaceStep*> refused;
  const NamespaceStep* user = nullptr;
  for (const NamespaceStep& step : plan.namespaces) {
    if (step.path.empty() || step.clone_flag == CLONE_NEWNS) continue;
    if (step.clone_flag == CLONE_NEWUSER) {
      user = &step;
      continue;
    }
    auto joined = join(step);
    if (joined.ok()) continue;
    if (joined.error().err != EPERM || !joins_namespace(plan, CLONE_NEWUSER)) return joined;
    refused.push_back(&step);
  }
  if (user != nullptr) TRY(join(*user));
  for (const NamespaceStep* step : refused) TRY(join(*step));
  return {};
}

Result<void> join_rest(const Plan& plan) {
  const bool entered = needs_entry(plan);
  for (const NamespaceStep& step : plan.namespaces) {
    if (!step.path.empty() && (!entered || step.clone_flag == CLONE_NEWNS)) TRY(join(step));
  }
  return {};
}

Result<void> enter_time_namespace(const Plan& plan) {
  if (!makes_namespace(plan, CLONE_NEWTIME)) return {};
  if (unshare(CLONE_NEWTIME) != 0) {
    Error error = errno_error("making a time namespace");
    return error.err == EINVAL ? std::move(error).with_hint("this kernel has no time namespaces") : error;
  }
  if (!plan.time_offsets.empty()) {
    TRY_SET(Fd file, open_file("/proc/self/timens_offsets", O_WRONLY));
    auto written = write_all(file.get(), plan.time_offsets);
    if (!written.ok()) return std::move(written).error().within("setting the offsets of the time namespace");
  }
  // It is there for children; this process is to be in it itself.
  TRY_SET(Fd ns, open_file("/proc/self/ns/time_for_children", O_RDONLY));
  if (setns(ns.get(), CLONE_NEWTIME) != 0) return errno_error("entering the time namespace");
  return {};
}

Result<void> dress_namespaces(const Plan& plan) {
  if (makes_namespace(plan, CLONE_NEWNET)) TRY(raise_loopback());
  if (!plan.hostname.empty() && sethostname(plan.hostname.data(), plan.hostname.size()) != 0) {
    return errno_error("setting host name " + plan.hostname);
  }
  if (!plan.domainname.empty() && setdomainname(plan.domainname.data(), plan.domainname.size()) != 0) {
    return errno_error("setting domain name " + plan.domainname);
  }
  return {};
}

Result<void> become_root() {
  if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0) return errno_error("becoming root of the container's user namespace");
  return {};
}

Error clone_error(int err, bool user_namespace) {
  Error error = errno_error("creating the container's namespaces (clone3)", err);
  if (err == EPERM) {
    error.hint =
        "the kernel forbids it here: see the sysctls kernel.unprivileged_userns_clone and "
        "kernel.apparmor_restrict_unprivileged_userns, or a seccomp filter around this process";
  } else if (err == ENOSPC || err == EUSERS) {
    error.hint = user_namespace ? "raise the sysctl user.max_user_namespaces" : "raise the sysctls user.max_*_namespaces";
  } else if (err == EINVAL) {
    error.hint = "this kernel lacks a namespace that the container needs";
  } else if (err == EAGAIN) {
    error.hint = "this user's limit of processes (ulimit -u) is reached, or its group's of pids";
  } else if (err == EACCES || err == EBUSY || err == EOPNOTSUPP) {
    error.hint = "its control group cannot take it: see cgroups(7), \"no internal processes\" and domain types";
  }
  return error;
}

}  // namespace creel::engine::runtime
