// kMemoryFile (see mount_kinds.h).
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/mount_kinds.h"

namespace creel::engine::runtime {

namespace {

constexpr const char* kName = "content";

Result<void> write_file(int dir, const MountStep& step) {
  TRY_SET(const Fd file, open_at(dir, kName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  TRY(write_all(file.get(), step.data));
  if (fchown(file.get(), step.uid, step.gid) != 0)
    return errno_error("giving it to " + std::to_string(step.uid) + ":" + std::to_string(step.gid));
  if (fchmod(file.get(), step.mode) != 0) return errno_error("setting its mode");
  return {};
}

}  // namespace

// Kernels before 6.15 bind nothing from a mount that is not attached. It is, for a moment, over the file that it is to
// become: a directory cannot cover that, but the parent's own root can be covered and uncovered.
Result<void> mount_memory_file(MountContext& context, const MountStep& step) {
  const std::string what = "the file in memory " + step.destination;
  TRY_SET(const Fd tmpfs,
          mount_filesystem("tmpfs", "tmpfs", {{"mode", "0700"}, {"size", std::to_string(step.data.size() + 65536)}},
                           MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  TRY_SET(const Fd target, open_destination(context.root, step.destination, false));
  TRY_SET(const Fd inside, open_tree_directory(tmpfs.get()));
  auto written = write_file(inside.get(), step);
  if (!written.ok()) return std::move(written).error().within(what);
  auto file = clone_tree(inside.get(), kName, false);
  if (!file.ok()) {
    TRY(attach(tmpfs.get(), context.root, what));
    file = clone_tree(inside.get(), kName, false);
    if (umount2(("/proc/self/fd/" + std::to_string(inside.get())).c_str(), MNT_DETACH) != 0)
      return errno_error("putting away " + what);
  }
  if (!file.ok()) return std::move(file).error().within(what);
  TRY(set_attributes(file->get(), MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, false, step.destination));
  return attach(file->get(), target.get(), step.destination);
}

}  // namespace creel::engine::runtime
