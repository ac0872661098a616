// Building the container's root file system in its own mount namespace. Who runs this: the container's first process, root
// in its user namespace, still in the host's view of the file system until enter_root().
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

// Detached copies of what is bound from the host, by index of Plan::mounts. Opened before the root file system covers
// anything, and by whoever may read the host's paths. With Plan::rootfs that directory is one of them, at kRootSource.
using Sources = std::map<std::size_t, Fd>;
inline constexpr std::size_t kRootSource = ~std::size_t{0};
// `user_namespace`: the container's own, for mounts whose IDs are mapped as there; -1: it has none.
Result<Sources> open_sources(const Plan& plan, int user_namespace = -1);
// The indexes that open_sources() gives, ascending.
std::vector<std::size_t> host_sources(const Plan& plan);
// A container with another user namespace than its caller may not read what its caller may (in nomap the caller is nobody
// there): its mount namespace is entered from outside, by a child of the monitor, and what was opened in there goes to the
// container's process as SOURCE messages.
[[nodiscard]] bool has_foreign_user_namespace(const Plan& plan);
Result<void> send_sources(const Plan& plan, int mount_namespace, int user_namespace, int channel);
Result<Sources> receive_sources(const Plan& plan, int channel);

// Overlay or directory, mounted where enter_root() can pivot to it. The descriptor is its root. Where only a program can
// serve it, `serve` gets the /dev/fuse before anything is looked up in it.
using ServeFuse = void (*)(int channel, int device);
// `at`: an empty directory for it; without one it covers any that will do, which is right for who pivots into it at once.
Result<Fd> mount_root(const Plan& plan, Sources& sources, int channel, ServeFuse serve, const std::string& at = {});

// Before a bind mount: fills an empty source from what the image has at its destination, gives it to the user, as the step asks.
// `source`: a directory, as a mount or an O_PATH descriptor.
Result<void> prepare_source(const MountStep& step, int root, int source, std::uint32_t uid, std::uint32_t gid);

struct MountContext {
  const Plan& plan;
  int root = -1;
  Sources& sources;
  std::uint32_t owner_uid = 0, owner_gid = 0;  // the container's user, for ":U"
  std::function<Result<void>()> be_placed;     // before a cgroup file system is mounted
  Fd null_device = {};                         // once it was needed
  bool null_is_of_host = false;
  Fd empty_directory = {};                     // likewise: what lies over masked directories
  Fd procfs = {}, sysfs = {};                  // what was mounted on /proc and /sys, wherever those names lead by now
};
// Carries out Plan::mounts beneath `root`; sysctls are written before /proc/sys becomes read-only.
Result<void> mount_all(MountContext& context);

// pivot_root(2); afterwards "/" is the container's and nothing of the host is reachable.
Result<void> enter_root(int root);
// The same without pivot_root(2), for hosts that run from an initramfs (--no-pivot).
Result<void> move_to_root(int root);

// The object at `path` in the container, made where absent (a directory, or an empty file). O_PATH.
Result<Fd> open_destination(int root, const std::string& path, bool directory);

}  // namespace creel::engine::runtime
