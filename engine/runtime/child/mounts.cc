#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/steps.h"

namespace creel::engine::runtime {

namespace {

Result<bool> is_directory(int fd) {
  struct stat info{};
  if (fstatat(fd, "", &info, AT_EMPTY_PATH) != 0) return errno_error("looking at a mount's source");
  return S_ISDIR(info.st_mode);
}

Result<void> bind(int root, const MountStep& step) {
  if (step.copy_up) return fail(Code::kUnsupported, "filling a volume from the image is not built: " + step.destination);
  if (step.chown) return fail(Code::kUnsupported, "the mount option U is not built: " + step.destination);
  TRY_SET(Fd tree, clone_tree(AT_FDCWD, step.source, step.recursive));
  TRY(set_attributes(tree.get(), step.attr_set, step.attr_clear, step.propagation != 0 ? step.propagation : MS_PRIVATE,
                     step.recursive, step.destination));
  TRY_SET(const bool directory, is_directory(tree.get()));
  TRY_SET(Fd target, resolve_making(root, step.destination, directory));
  return attach(tree.get(), target.get(), step.destination);
}

// What a user namespace may not mount afresh, because the network or cgroup namespace is not its own, is shown
// read-only as the host has it.
Result<void> bind_host_copy(int target, const MountStep& step, const char* host) {
  TRY_SET(Fd tree, clone_tree(AT_FDCWD, host, true));
  TRY(set_attributes(tree.get(), step.attr_set | MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, true, step.destination));
  return attach(tree.get(), target, step.destination);
}

Result<void> filesystem(int root, const MountStep& step) {
  TRY_SET(Fd target, resolve_making(root, step.destination, true));
  Result<Fd> mount = mount_filesystem(step.type, step.source.empty() ? step.type : step.source, parse_mount_data(step.data),
                                      step.attr_set);
  if (!mount.ok()) {
    const int err = mount.error().err;
    if (step.type == "sysfs" && err == EPERM) return bind_host_copy(target.get(), step, "/sys");
    if (step.type == "cgroup2" && (err == EPERM || err == EBUSY)) {
      // Hybrid hosts: cgroup2 is elsewhere, and not ours to mount.
      Result<void> bound = bind_host_copy(target.get(), step, "/sys/fs/cgroup");
      if (bound.ok()) return bound;
    }
    return std::move(mount).error().within("mounting " + step.destination);
  }
  if (step.propagation != 0) TRY(set_attributes(mount->get(), 0, 0, step.propagation, false, step.destination));
  return attach(mount->get(), target.get(), step.destination);
}

Result<void> mask(int root, const MountStep& step) {
  Result<Fd> target = open_in_root(root, step.destination, O_PATH);
  if (!target.ok()) {
    const int err = target.error().err;
    return err == ENOENT || err == ENOTDIR ? Result<void>() : Result<void>(std::move(target).error());
  }
  TRY_SET(const bool directory, is_directory(target->get()));
  if (directory) {
    TRY_SET(Fd empty, mount_filesystem("tmpfs", "tmpfs", {{"size", "0k"}}, MOUNT_ATTR_RDONLY));
    return attach(empty.get(), target->get(), step.destination);
  }
  TRY_SET(Fd null, clone_tree(AT_FDCWD, "/dev/null", false));
  return attach(null.get(), target->get(), step.destination);
}

Result<void> make_readonly(int root, const MountStep& step) {
  Result<Fd> target = open_in_root(root, step.destination, O_PATH);
  if (!target.ok()) {
    const int err = target.error().err;
    return err == ENOENT || err == ENOTDIR ? Result<void>() : Result<void>(std::move(target).error());
  }
  TRY_SET(Fd tree, clone_tree(target->get(), "", true));
  TRY(set_attributes(tree.get(), MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, true, step.destination));
  return attach(tree.get(), target->get(), step.destination);
}

struct Place {
  Fd parent;
  std::string name;
};
Result<Place> place_of(int root, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash + 1 == path.size()) return fail(Code::kInvalid, "not a path in the container: " + path);
  TRY_SET(Fd parent, resolve_making(root, slash == 0 ? "/" : path.substr(0, slash), true));
  return Place{std::move(parent), path.substr(slash + 1)};
}

Result<void> symlink_step(int root, const MountStep& step) {
  TRY_SET(Place place, place_of(root, step.destination));
  if (symlinkat(step.source.c_str(), place.parent.get(), place.name.c_str()) != 0 && errno != EEXIST) {
    return errno_error("making the symbolic link " + step.destination);
  }
  return {};
}

Result<void> device(int root, const MountStep& step) {
  if (!step.source.empty()) return bind(root, step);
  TRY_SET(Place place, place_of(root, step.destination));
  if (mknodat(place.parent.get(), place.name.c_str(), step.mode, step.device) != 0) {
    return errno_error("making the device " + step.destination);
  }
  // The umask took bits away.
  if (fchmodat(place.parent.get(), place.name.c_str(), step.mode & 07777, 0) != 0) {
    return errno_error("setting the mode of the device " + step.destination);
  }
  return {};
}

}  // namespace

Result<void> run_mount_step(int root, const MountStep& step) {
  switch (step.kind) {
    case MountStep::Kind::kBind: return bind(root, step);
    case MountStep::Kind::kFilesystem: return filesystem(root, step);
    case MountStep::Kind::kMask: return mask(root, step);
    case MountStep::Kind::kReadonly: return make_readonly(root, step);
    case MountStep::Kind::kSymlink: return symlink_step(root, step);
    case MountStep::Kind::kDevice: return device(root, step);
    case MountStep::Kind::kTmpcopyup:
      return fail(Code::kUnsupported, "the mount option tmpcopyup is not built: " + step.destination);
  }
  return fail(Code::kInvalid, "unknown kind of mount for " + step.destination);
}

// Through the host's /proc, which shows the caller's own namespaces, so that /proc/sys of the container may be read-only.
Result<void> write_sysctls(const Plan& plan) {
  for (const auto& [key, value] : plan.sysctl) {
    std::string name = key;
    for (char& c : name) {
      if (c == '.') c = '/'; else if (c == '/') c = '.';
    }
    TRY_SET(Fd base, open_file("/proc/sys", O_PATH | O_DIRECTORY));
    Result<Fd> file = open_beneath(base.get(), name, O_WRONLY);
    if (!file.ok()) return std::move(file).error().within("setting the sysctl " + key);
    TRY(write_all(file->get(), value));
  }
  return {};
}

}  // namespace creel::engine::runtime
