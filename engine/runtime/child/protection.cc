// Masked and read-only paths, sysctls (see mount_kinds.h).
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <string_view>

#include "base/file.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/mount_kinds.h"
#include "engine/runtime/child/procfs.h"

namespace creel::engine::runtime {

namespace {

bool is_absent(int err) { return err == ENOENT || err == ENOTDIR; }

// The kernel's null device by what it is, not by its name: a file that an image, or another container through a volume, has
// put at /dev/null must not be laid over what is to be hidden, and be written through there (CVE-2025-31133). The
// container's own first: of the host's the container's root would be the owner, where there is no user namespace. So that
// one is laid over read-only, which is nothing to a device, but holds chmod(2) off.
Result<void> take_null_device(MountContext& context) {
  if (context.null_device.valid()) return {};
  for (const bool host : {false, true}) {
    auto found = host ? open_file("/dev/null", O_PATH | O_NOFOLLOW) : open_in_root(context.root, "/dev/null", O_PATH | O_NOFOLLOW);
    struct stat info{};
    if (!found.ok() || fstat(found->get(), &info) != 0) continue;
    if (!S_ISCHR(info.st_mode) || info.st_rdev != makedev(1, 3)) continue;
    context.null_device = std::move(*found);
    context.null_is_of_host = host;
    return {};
  }
  return fail(Code::kUnavailable, "masking paths: neither the container's /dev/null nor the host's is the null device");
}

// Of two containers with one root file system the other could exchange /proc for another directory once it is mounted on,
// and what was mounted would stay open under its new name: so what lies beneath is found from the mount itself.
Result<Fd> open_protected(MountContext& context, const std::string& path) {
  constexpr std::string_view kProc = "/proc/";
  constexpr std::string_view kSys = "/sys/";
  if (context.procfs.valid() && path.starts_with(kProc)) {
    return open_in_root(context.procfs.get(), path.substr(kProc.size()), O_PATH);
  }
  if (context.sysfs.valid() && path.starts_with(kSys)) {
    return open_in_root(context.sysfs.get(), path.substr(kSys.size()), O_PATH);
  }
  return open_in_root(context.root, path, O_PATH);
}

// One file system for all of them: each costs the kernel a tenth of a millisecond to make, and to take away again.
Result<void> mask_directory(MountContext& context, int target, const std::string& name) {
  if (context.empty_directory.valid()) {
    TRY_SET(const Fd again, clone_tree(context.empty_directory.get(), "", false));
    return attach(again.get(), target, name);
  }
  MountOptions options = {{"size", "0"}, {"nr_inodes", "1"}};
  if (!context.plan.mount_label.empty()) options.emplace_back("context", context.plan.mount_label);
  TRY_SET(Fd empty, mount_filesystem("tmpfs", "tmpfs", options, MOUNT_ATTR_RDONLY));
  TRY(attach(empty.get(), target, name));
  context.empty_directory = std::move(empty);
  return {};
}

}  // namespace

void note_covered(MountContext& context, int target) {
  struct stat place{};
  for (Fd* mount : {&context.procfs, &context.sysfs}) {
    struct stat covered{};
    if (!mount->valid() || fstat(target, &place) != 0 || fstat(mount->get(), &covered) != 0) continue;
    if (place.st_dev == covered.st_dev && place.st_ino == covered.st_ino) mount->reset();
  }
}

Result<void> mask_path(MountContext& context, const MountStep& step) {
  auto target = open_protected(context, step.destination);
  if (!target.ok()) {
    if (is_absent(target.error().err) || target.error().err == EACCES) return {};
    return std::move(target).error();
  }
  struct stat info{};
  if (fstat(target->get(), &info) != 0) return errno_error("masking " + step.destination);
  if (S_ISDIR(info.st_mode)) return mask_directory(context, target->get(), step.destination);
  TRY(take_null_device(context));
  TRY_SET(Fd null, clone_tree(context.null_device.get(), "", false));
  if (context.null_is_of_host) TRY(set_attributes(null.get(), MOUNT_ATTR_RDONLY, 0, 0, false, step.destination));
  return attach(null.get(), target->get(), step.destination);
}

Result<void> make_path_readonly(MountContext& context, const MountStep& step) {
  auto target = open_protected(context, step.destination);
  if (!target.ok()) {
    if (is_absent(target.error().err)) return {};
    return std::move(target).error();
  }
  TRY_SET(Fd tree, clone_tree(target->get(), "", true));
  TRY(set_attributes(tree.get(), MOUNT_ATTR_RDONLY, 0, 0, true, step.destination));
  return attach(tree.get(), target->get(), step.destination);
}

Result<void> write_sysctls(MountContext& context) {
  if (context.plan.sysctl.empty()) return {};
  // The container's is writable where the host's is not (a container in a container); without one the host's shows the same
  // namespaces, which are this process's.
  auto procfs = open_procfs_in(context.root);
  if (!procfs.ok()) procfs = open_host_procfs();
  if (!procfs.ok()) return std::move(procfs).error().within("setting sysctls");
  for (const auto& [path, value] : context.plan.sysctl) {
    auto file = open_in_procfs(procfs->get(), "sys/" + path, O_WRONLY);
    if (!file.ok()) return std::move(file).error().within("setting sysctl " + path);
    auto written = write_all(file->get(), value);
    if (!written.ok()) return std::move(written).error().within("setting sysctl " + path + "=" + value);
  }
  return {};
}

}  // namespace creel::engine::runtime
