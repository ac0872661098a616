// kBind, kRemount, and devices that are bound from the host (see mount_kinds.h).
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/file.h"
#include "engine/runtime/child/copy_tree.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/mount_kinds.h"

namespace creel::engine::runtime {

namespace {

// Where the image has nothing, or a file, the new volume is its user's.
Result<void> fill_from_image(const MountStep& step, int root, int mount, std::uint32_t uid, std::uint32_t gid) {
  TRY_SET(Fd to, open_tree_directory(mount));
  TRY_SET(const bool empty, is_empty_directory(to.get()));
  if (!empty) return {};
  auto from = open_in_root(root, step.destination, O_RDONLY | O_DIRECTORY);
  if (from.ok()) return copy_tree(from->get(), to.get(), !step.keep_owner);
  if (step.keep_owner || (uid == 0 && gid == 0)) return {};
  if (fchown(to.get(), uid, gid) != 0) return errno_error("giving it to the container's user");
  return {};
}

// What a user namespace cannot make it takes from the host, and only that very device.
Result<void> check_device(const MountStep& step, const struct stat& info) {
  if ((info.st_mode & S_IFMT) == (step.mode & S_IFMT) && info.st_rdev == step.device) return {};
  return fail(Code::kInvalid, "device " + step.destination + ": the host's " + step.source + " is another one");
}

}  // namespace

Result<Fd> open_tree_directory(int mount) { return open_at(mount, ".", O_RDONLY | O_DIRECTORY); }

Result<void> dress_mount(int mount, const MountStep& step, bool recursive) {
  if (step.attr_set != 0 || step.attr_clear != 0) {
    TRY(set_attributes(mount, step.attr_set, step.attr_clear, 0, recursive, step.destination));
  }
  if (step.attr_set_recursive != 0 || step.attr_clear_recursive != 0) {
    TRY(set_attributes(mount, step.attr_set_recursive, step.attr_clear_recursive, 0, true, step.destination));
  }
  return {};
}

Result<void> prepare_source(const MountStep& step, int root, int source, std::uint32_t uid, std::uint32_t gid) {
  if (step.copy_up) {
    auto filled = fill_from_image(step, root, source, uid, gid);
    if (!filled.ok()) return std::move(filled).error().within("copying the image's " + step.destination + " to the volume");
  }
  if (step.chown) {
    TRY_SET(Fd dir, open_tree_directory(source));
    auto changed = chown_tree(dir.get(), uid, gid);
    if (!changed.ok()) return std::move(changed).error().within("giving " + step.source + " to the container's user");
  }
  return {};
}

Result<void> mount_bind(MountContext& context, const MountStep& step, Fd source) {
  struct stat info{};
  if (fstat(source.get(), &info) != 0) return errno_error("stat " + step.source);
  if (step.kind == MountStep::Kind::kDevice) TRY(check_device(step, info));
  if (S_ISDIR(info.st_mode)) TRY(prepare_source(step, context.root, source.get(), context.owner_uid, context.owner_gid));
  TRY(dress_mount(source.get(), step, step.recursive && step.deep));
  TRY(set_propagation(source.get(), step.propagation, step.recursive, step.destination));
  TRY_SET(Fd target, open_destination(context.root, step.destination, S_ISDIR(info.st_mode)));
  if (S_ISDIR(info.st_mode)) note_covered(context, target.get());
  return attach(source.get(), target.get(), step.destination);
}

Result<void> remount(MountContext& context, const MountStep& step) {
  TRY_SET(Fd there, open_in_root(context.root, step.destination, O_PATH));
  auto changed = dress_mount(there.get(), step, false);
  if (!changed.ok() && changed.error().err == EINVAL) {
    changed.error().code = Code::kInvalid;
    changed.error().hint = "nothing is mounted there yet: \"remount\" comes after the mount that it changes";
  }
  TRY(changed);
  if (step.propagation == 0) return {};
  return set_propagation(there.get(), step.propagation, false, step.destination);
}

}  // namespace creel::engine::runtime
