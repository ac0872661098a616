#include "engine/runtime/child/rootfs.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/child/fuse_overlay.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/overlay.h"

namespace creel::engine::runtime {

namespace {

// Any directory will do: it is covered in this mount namespace alone, and left by the pivot. One that everybody may reach,
// where the container's user namespace has nobody who could reach ours.
std::string mount_point(const Plan& plan) {
  if (has_foreign_user_namespace(plan)) return "/tmp";
  if (!plan.rootfs.empty()) return plan.rootfs;
  if (!plan.upper.empty()) return plan.upper.substr(0, plan.upper.rfind('/'));
  return plan.lower.front();
}

Result<Fd> mount_overlay(const Plan& plan, const std::string& at) {
  const OverlayParts parts{plan.lower, plan.upper, plan.work, plan.overlay_user_xattr, plan.overlay_discarded};
  auto made = make_overlay(parts);
  if (!made.ok()) {
    if (made.error().err != EINVAL) return std::move(made).error();
    // EINVAL is also what an older kernel says.
    auto whole = mount_overlay_at(parts, at);
    if (!whole.ok()) return std::move(made).error();
    return whole;
  }
  TRY_SET(Fd target, open_file(at, O_PATH | O_DIRECTORY));
  TRY(attach(made->get(), target.get(), at));
  return made;
}

// Whether another implementation might do better: not where a layer is missing, or memory.
bool is_refusal(int err) {
  return err == EPERM || err == EINVAL || err == ENODEV || err == EOPNOTSUPP || err == ENOSYS || err == EACCES;
}

}  // namespace

Result<Fd> mount_root(const Plan& plan, Sources& sources, int channel, ServeFuse serve, const std::string& wanted) {
  if (plan.rootfs.empty() && plan.lower.empty()) return fail(Code::kInvalid, "the image has no layers");
  const std::string at = wanted.empty() ? mount_point(plan) : wanted;
  if (!plan.rootfs.empty()) {
    Fd tree = std::move(sources[kRootSource]);
    TRY(set_attributes(tree.get(), 0, 0, MS_PRIVATE, true, plan.rootfs));
    // Where hooks look for it, if the container's root may go there.
    auto target = open_file(wanted.empty() ? plan.rootfs : wanted, O_PATH | O_DIRECTORY);
    if (!target.ok()) target = open_file(at, O_PATH | O_DIRECTORY);
    if (!target.ok()) return std::move(target).error();
    TRY(attach(tree.get(), target->get(), at));
    return tree;
  }
  std::optional<Error> refusal;
  if (!plan.overlay_fuse) {
    auto mounted = mount_overlay(plan, at);
    if (mounted.ok() || !is_refusal(mounted.error().err)) return mounted;
    refusal = std::move(mounted).error();
  }
  auto fuse = mount_fuse();
  if (!fuse.ok()) {
    Error error = std::move(fuse).error();
    error.text = (refusal ? refusal->text + ", and fuse-overlayfs in its place: " : "fuse-overlayfs: ") + error.text;
    error.hint = "the container's file system needs Linux 5.11 and a store on a local disk, or else fuse-overlayfs and a "
                 "/dev/fuse that this user may open";
    return error;
  }
  TRY_SET(Fd target, open_file(at, O_PATH | O_DIRECTORY));
  TRY(attach(fuse->mount.get(), target.get(), at));
  serve(channel, fuse->device.get());
  return std::move(fuse->mount);
}

Result<Fd> open_destination(int root, const std::string& path, bool directory) {
  auto found = open_in_root(root, path, O_PATH);
  if (found.ok() || found.error().err != ENOENT) return found;
  const std::vector<std::string> parts = split(path, '/');
  std::string done;
  Fd here;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty() || parts[i] == ".") continue;
    std::string next = done;
    next += '/';
    next += parts[i];
    auto fd = open_in_root(root, next, O_PATH);
    if (!fd.ok() && fd.error().err == ENOENT) {
      const int parent = here.valid() ? here.get() : root;
      const bool last = i + 1 == parts.size();
      if (last && !directory) {
        // O_EXCL: a dangling link of the image is not followed.
        Fd made(openat(parent, parts[i].c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
        if (!made.valid()) return errno_error("making " + next + " in the container");
      } else if (mkdirat(parent, parts[i].c_str(), 0755) != 0) {
        return errno_error("making directory " + next + " in the container");
      }
      fd = open_in_root(root, next, O_PATH);
    }
    if (!fd.ok()) return std::move(fd).error().within("opening " + next + " in the container");
    here = std::move(fd).value();
    done = std::move(next);
  }
  if (!here.valid()) return fail(Code::kInvalid, "'" + path + "' cannot be mounted on");
  return here;
}

// Where the root of all is the initramfs, which pivot_root(2) cannot put away. What it leaves reachable for a root that
// still may mount and chroot is why nobody should want it.
Result<void> move_to_root(int root) {
  if (fchdir(root) != 0) return errno_error("entering the container's root file system");
  if (::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) return mount_error("moving the container's root file system to /", errno);
  if (chroot(".") != 0 || chdir("/") != 0) return errno_error("entering the container's root file system");
  return {};
}

Result<void> enter_root(int root) {
  if (fchdir(root) != 0) return errno_error("entering the container's root file system");
  if (syscall(SYS_pivot_root, ".", ".") != 0) return mount_error("pivot_root", errno);
  // The old root now lies on top of the new one. All of it receives only (slave_mounts() of the first process): nothing of
  // this goes out to the host.
  if (umount2(".", MNT_DETACH) != 0) return errno_error("leaving the host's root file system");
  if (chdir("/") != 0) return errno_error("entering the container's root file system");
  return {};
}

}  // namespace creel::engine::runtime
