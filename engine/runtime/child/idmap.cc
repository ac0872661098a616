#include "engine/runtime/child/idmap.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "engine/runtime/child/entry.h"
#include "engine/runtime/child/id_maps.h"
#include "engine/runtime/child/procfs.h"

namespace creel::engine::runtime {

namespace {

// A user namespace that is nothing but its mappings: of a process that does nothing, and is gone when its namespace is held.
Result<Fd> namespace_of_maps(const MountStep& step) {
  TRY_SET(Fd procfs, open_host_procfs());
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a user namespace");
  Fd from(ends[0]), to(ends[1]);
  const pid_t child = clone_process(CLONE_NEWUSER, -1, nullptr);
  if (child < 0) return errno_error("making a user namespace");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    // What its number is out there the parent cannot know: it may live in a PID namespace of its own.
    const pid_t outside = own_pid_in(procfs.get());
    (void)!write(to.get(), &outside, sizeof(outside));
    for (;;) pause();
  }
  pid_t outside = -1;
  const bool told = read(from.get(), &outside, sizeof(outside)) == sizeof(outside) && outside > 0;
  auto made = [&]() -> Result<Fd> {
    if (!told) return fail(Code::kFailed, "making a user namespace: /proc does not show it");
    TRY(write_id_maps(outside, step.uid_map, step.gid_map));
    return open_file("/proc/" + std::to_string(outside) + "/ns/user", O_RDONLY);
  }();
  kill(child, SIGKILL);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return made;
}

}  // namespace

Result<void> map_ids(int mount, const MountStep& step, int container_namespace) {
  if (!step.idmap) return {};
  const std::string what = "mapping the IDs of " + step.source + " (mount on " + step.destination + ")";
  Fd made;
  int user_namespace = container_namespace;
  if (!step.idmap_container) {
    auto by_maps = namespace_of_maps(step);
    if (!by_maps.ok()) return std::move(by_maps).error().within(what);
    made = std::move(*by_maps);
    user_namespace = made.get();
  } else if (user_namespace < 0) {
    return fail(Code::kInvalid, what + ": the container has no user namespace of its own, and no mappings are given");
  }
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(user_namespace);
  const unsigned flags = AT_EMPTY_PATH | (step.idmap_recursive ? AT_RECURSIVE : 0u);
  if (syscall(SYS_mount_setattr, mount, "", flags, &attributes, sizeof(attributes)) == 0) return {};
  Error error = errno_error(what);
  error.code = Code::kUnavailable;
  if (error.err == EPERM) error.hint = "it takes root on the host, and a file system that is not mapped already";
  if (error.err == EINVAL || error.err == EOPNOTSUPP) error.hint = "this file system, or this kernel, has no mapped mounts";
  if (error.err == ENOSYS) error.hint = "Linux 5.12 has them first";
  return error;
}

}  // namespace creel::engine::runtime
