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

namespace creel::engine::runtime {

namespace {

// fsconfig takes 255 bytes of a string; a descriptor's name in /proc is always short.
constexpr std::size_t kLongestOption = 255;

struct OverlayDirs {
  std::vector<Fd> fds;          // kept open until the mount exists
  std::vector<std::string> lower;
  std::string upper, work;
};

Result<std::string> short_name(OverlayDirs& dirs, const std::string& path, bool always) {
  if (!always && path.size() <= kLongestOption && path.find_first_of(":\\,") == std::string::npos) return path;
  TRY_SET(Fd fd, open_file(path, O_PATH | O_DIRECTORY));
  std::string name = "/proc/self/fd/" + std::to_string(fd.get());
  dirs.fds.push_back(std::move(fd));
  return name;
}

Result<OverlayDirs> overlay_dirs(const Plan& plan, bool always_fds) {
  OverlayDirs dirs;
  for (const std::string& path : plan.lower) {
    TRY_SET(std::string name, short_name(dirs, path, always_fds));
    dirs.lower.push_back(std::move(name));
  }
  if (!plan.upper.empty()) {
    TRY_SET(dirs.upper, short_name(dirs, plan.upper, always_fds));
    TRY_SET(dirs.work, short_name(dirs, plan.work, always_fds));
  }
  return dirs;
}

// Linux 6.5 and later: one option per layer.
Result<Fd> overlay_by_parts(const Plan& plan) {
  TRY_SET(OverlayDirs dirs, overlay_dirs(plan, false));
  MountOptions options;
  for (const std::string& path : dirs.lower) options.emplace_back("lowerdir+", path);
  if (!dirs.upper.empty()) {
    options.emplace_back("upperdir", dirs.upper);
    options.emplace_back("workdir", dirs.work);
  }
  if (plan.overlay_user_xattr) options.emplace_back("userxattr", "");
  return mount_filesystem("overlay", "overlay", options, 0);
}

// Earlier: one string of at most a page, by mount(2).
Result<Fd> overlay_by_string(const Plan& plan, const std::string& at) {
  TRY_SET(OverlayDirs dirs, overlay_dirs(plan, true));
  std::string data = "lowerdir=" + join(dirs.lower, ":");
  if (!dirs.upper.empty()) data += ",upperdir=" + dirs.upper + ",workdir=" + dirs.work;
  if (plan.overlay_user_xattr) data += ",userxattr";
  if (data.size() >= 4096) return fail(Code::kUnsupported, "mounting overlay: too many layers for this kernel (Linux 6.5 takes them)");
  if (::mount("overlay", at.c_str(), "overlay", 0, data.c_str()) != 0) return mount_error("mounting overlay", errno);
  return open_file(at, O_PATH | O_DIRECTORY);
}

// Any directory will do: it is covered in this mount namespace alone, and left by the pivot. One that everybody may reach,
// where the container's user namespace has nobody who could reach ours.
std::string mount_point(const Plan& plan) {
  if (has_foreign_user_namespace(plan)) return "/tmp";
  if (!plan.rootfs.empty()) return plan.rootfs;
  if (!plan.upper.empty()) return plan.upper.substr(0, plan.upper.rfind('/'));
  return plan.lower.front();
}

Result<Fd> mount_overlay(const Plan& plan, const std::string& at) {
  auto parts = overlay_by_parts(plan);
  if (!parts.ok()) {
    if (parts.error().err != EINVAL) return std::move(parts).error();
    // EINVAL is also what an older kernel says to "lowerdir+".
    auto whole = overlay_by_string(plan, at);
    if (!whole.ok()) return std::move(parts).error();
    return whole;
  }
  TRY_SET(Fd target, open_file(at, O_PATH | O_DIRECTORY));
  TRY(attach(parts->get(), target.get(), at));
  return parts;
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
