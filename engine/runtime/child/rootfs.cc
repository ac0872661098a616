#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/steps.h"

namespace creel::engine::runtime {

namespace {

std::string escaped(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c == ':' || c == '\\' || c == ',') out += '\\';
    out += c;
  }
  return out;
}

Result<Fd> mount_overlay(const Plan& plan) {
  MountOptions tail;
  if (!plan.upper.empty()) {
    tail.emplace_back("upperdir", plan.upper);
    tail.emplace_back("workdir", plan.work);
  }
  if (plan.overlay_user_xattr) tail.emplace_back("userxattr", "");
  std::vector<std::string> lower = plan.lower;
  struct stat first{};
  // A read-only overlay of one layer is refused by the kernel: the layer itself serves.
  if (plan.upper.empty() && lower.size() == 1) {
    TRY_SET(Fd tree, clone_tree(AT_FDCWD, lower.front(), false));
    TRY(set_attributes(tree.get(), MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, false, lower.front()));
    return tree;
  }
  (void)first;
  MountOptions options;
  for (const std::string& dir : lower) options.emplace_back("lowerdir+", dir);
  options.insert(options.end(), tail.begin(), tail.end());
  Result<Fd> mount = mount_filesystem("overlay", "overlay", options, 0);
  if (mount.ok() || mount.error().err != EINVAL) return mount;
  // Before 6.5: one option with colons.
  std::string joined;
  for (const std::string& dir : lower) joined += (joined.empty() ? "" : ":") + escaped(dir);
  options.assign(1, {"lowerdir", joined});
  options.insert(options.end(), tail.begin(), tail.end());
  Result<Fd> old_style = mount_filesystem("overlay", "overlay", options, 0);
  if (old_style.ok()) return old_style;
  return mount;
}

}  // namespace

Result<Fd> mount_root(const Plan& plan) {
  if (plan.overlay_fuse) {
    return fail(Code::kUnsupported, "fuse-overlayfs as the container's root file system is not built");
  }
  const std::uint64_t propagation = plan.root_propagation;
  // Not private where the plan wants to receive mounts from outside.
  const unsigned long flag = propagation == MS_SLAVE || propagation == MS_SHARED ? MS_SLAVE : MS_PRIVATE;
  if (mount(nullptr, "/", nullptr, MS_REC | flag, nullptr) != 0) return mount_error("making the mounts private", errno);
  // The mount point is a directory that no bind source can lie beneath.
  if (plan.rootfs.empty() && plan.lower.empty()) return fail(Code::kInvalid, "the container has no root file system");
  const std::string& point = plan.rootfs.empty() ? plan.lower.front() : plan.rootfs;
  Result<Fd> tree = plan.rootfs.empty() ? mount_overlay(plan) : clone_tree(AT_FDCWD, plan.rootfs, true);
  if (!tree.ok()) return std::move(tree).error().within("mounting the container's root file system");
  TRY_SET(Fd target, open_file(point, O_PATH | O_DIRECTORY));
  TRY(attach(tree->get(), target.get(), point));
  return open_file(point, O_PATH | O_DIRECTORY);
}

Result<void> enter_root(int root) {
  // pivot_root(".", ".") stacks the old root on the new one, where it is taken off: no directory is needed for it.
  if (fchdir(root) != 0) return errno_error("entering the container's root");
  if (syscall(SYS_pivot_root, ".", ".") != 0) return errno_error("changing the root to the container's");
  if (umount2(".", MNT_DETACH) != 0) return errno_error("taking the host's root away");
  if (chdir("/") != 0) return errno_error("entering the container's root");
  return {};
}

Result<Fd> resolve_making(int root, const std::string& path, bool directory) {
  Result<Fd> found = open_in_root(root, path, O_PATH);
  if (found.ok() || found.error().err != ENOENT) return found;
  std::string clean = path;
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  const std::size_t slash = clean.rfind('/');
  const std::string name = clean.substr(slash == std::string::npos ? 0 : slash + 1);
  const std::string above = slash == std::string::npos || slash == 0 ? "/" : clean.substr(0, slash);
  if (name.empty() || name == "." || name == "..") return found;
  if (path.size() > 4096) return fail(Code::kInvalid, "path too long in the container: " + path.substr(0, 64) + "…");
  TRY_SET(Fd parent, resolve_making(root, above, true));
  if (directory) {
    if (mkdirat(parent.get(), name.c_str(), 0755) != 0 && errno != EEXIST) return errno_error("making " + path + " in the container");
  } else {
    Fd made(openat(parent.get(), name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!made.valid() && errno != EEXIST) return errno_error("making " + path + " in the container");
  }
  return open_in_root(root, path, O_PATH);
}

}  // namespace creel::engine::runtime
