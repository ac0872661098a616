// Sources and steps of the container's mounts (see rootfs.h).
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "engine/runtime/child/copy_tree.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/rootfs.h"

namespace creel::engine::runtime {

namespace {

bool comes_from_host(const MountStep& step) {
  return step.kind == MountStep::Kind::kBind || (step.kind == MountStep::Kind::kDevice && !step.source.empty());
}

// A mount's descriptor as a directory that can be read and written.
Result<Fd> open_tree_directory(int mount) { return open_at(mount, ".", O_RDONLY | O_DIRECTORY); }

Result<void> fill_from_image(int root, const std::string& path, int mount) {
  auto from = open_in_root(root, path, O_RDONLY | O_DIRECTORY);
  if (!from.ok()) return {};  // the image has nothing there, or a file
  TRY_SET(Fd to, open_tree_directory(mount));
  TRY_SET(const bool empty, is_empty_directory(to.get()));
  if (!empty) return {};
  return copy_tree(from->get(), to.get());
}

Result<void> bind(const MountStep& step, int root, Fd source, std::uint32_t uid, std::uint32_t gid) {
  struct stat info{};
  if (fstat(source.get(), &info) != 0) return errno_error("stat " + step.source);
  if (step.copy_up && S_ISDIR(info.st_mode)) {
    auto filled = fill_from_image(root, step.destination, source.get());
    if (!filled.ok()) return std::move(filled).error().within("copying the image's " + step.destination + " to the volume");
  }
  if (step.chown && S_ISDIR(info.st_mode)) {
    TRY_SET(Fd dir, open_tree_directory(source.get()));
    auto changed = chown_tree(dir.get(), uid, gid);
    if (!changed.ok()) return std::move(changed).error().within("giving " + step.source + " to the container's user");
  }
  if (step.attr_set != 0 || step.attr_clear != 0) {
    TRY(set_attributes(source.get(), step.attr_set, step.attr_clear, 0, step.recursive, step.destination));
  }
  TRY(set_attributes(source.get(), 0, 0, step.propagation == 0 ? std::uint64_t{MS_PRIVATE} : step.propagation, step.recursive, step.destination));
  TRY_SET(Fd target, open_destination(root, step.destination, S_ISDIR(info.st_mode)));
  return attach(source.get(), target.get(), step.destination);
}

// What stands in where the kernel does not let this namespace mount its own.
Result<Fd> substitute(const MountStep& step, Error error) {
  if (step.type == "devpts" && error.err == EINVAL) {
    // Group 5 (tty) is not mapped.
    MountOptions options;
    for (auto& option : parse_mount_data(step.data)) {
      if (option.first != "gid") options.push_back(std::move(option));
    }
    return mount_filesystem(step.type, "devpts", options, step.attr_set);
  }
  const bool sysfs = step.type == "sysfs";
  if ((sysfs || step.type == "cgroup2") && (error.err == EPERM || error.err == EBUSY)) {
    TRY_SET(Fd tree, clone_tree(AT_FDCWD, sysfs ? "/sys" : "/sys/fs/cgroup", true));
    TRY(set_attributes(tree.get(), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, MS_PRIVATE, true,
                       step.destination));
    return tree;
  }
  return error;
}

// /proc, /sys and /dev are masked and looked up by their names later: an image, or a volume that another container can
// write, must not have them stand somewhere else (CVE-2019-19921).
Result<void> refuse_moved(const MountStep& step, int root) {
  if (step.destination != "/proc" && step.destination != "/sys" && step.destination != "/dev") return {};
  struct stat info{};
  if (fstatat(root, step.destination.c_str() + 1, &info, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(info.st_mode)) return {};
  return fail(Code::kInvalid, "the image's " + step.destination + " is not a directory: " + step.type + " is not mounted on it");
}

Result<void> filesystem(const MountStep& step, int root) {
  TRY(refuse_moved(step, root));
  const bool filled = step.kind == MountStep::Kind::kTmpcopyup;
  // What is to be filled becomes read-only afterwards.
  const std::uint64_t attributes = filled ? step.attr_set & ~std::uint64_t{MOUNT_ATTR_RDONLY} : step.attr_set;
  auto mounted = mount_filesystem(step.type, step.source.empty() ? step.type : step.source, parse_mount_data(step.data), attributes);
  if (!mounted.ok()) mounted = substitute(step, std::move(mounted).error());
  if (!mounted.ok()) return std::move(mounted).error().within(step.destination);
  TRY_SET(Fd target, open_destination(root, step.destination, true));
  if (filled) {
    if (auto from = open_in_root(root, step.destination, O_RDONLY | O_DIRECTORY); from.ok()) {
      TRY_SET(Fd to, open_tree_directory(mounted->get()));
      TRY(copy_tree(from->get(), to.get(), step.data.find("mode=") == std::string::npos));
    }
    if (attributes != step.attr_set) TRY(set_attributes(mounted->get(), MOUNT_ATTR_RDONLY, 0, 0, false, step.destination));
  }
  return attach(mounted->get(), target.get(), step.destination);
}

Result<void> device(const MountStep& step, int root) {
  TRY_SET(Fd parent, open_destination(root, step.destination.substr(0, step.destination.rfind('/')), true));
  TRY_SET(Fd dir, open_at(parent.get(), ".", O_RDONLY | O_DIRECTORY));
  const std::string name = step.destination.substr(step.destination.rfind('/') + 1);
  if (mknodat(dir.get(), name.c_str(), step.mode, step.device) != 0 && errno != EEXIST) {
    return errno_error("making device " + step.destination);
  }
  // Past the umask.
  if (fchmodat(dir.get(), name.c_str(), step.mode & 07777, 0) != 0) return errno_error("making device " + step.destination);
  return {};
}

Result<void> symlink_to(const MountStep& step, int root) {
  TRY_SET(Fd parent, open_destination(root, step.destination.substr(0, step.destination.rfind('/')), true));
  const std::string name = step.destination.substr(step.destination.rfind('/') + 1);
  if (symlinkat(step.source.c_str(), parent.get(), name.c_str()) != 0 && errno != EEXIST) {
    return errno_error("making link " + step.destination + " in the container");
  }
  return {};
}

Result<void> mask(const MountStep& step, int root) {
  auto target = open_in_root(root, step.destination, O_PATH);
  if (!target.ok()) {
    if (target.error().err == ENOENT || target.error().err == ENOTDIR || target.error().err == EACCES) return {};
    return std::move(target).error();
  }
  struct stat info{};
  if (fstat(target->get(), &info) != 0) return errno_error("masking " + step.destination);
  if (S_ISDIR(info.st_mode)) {
    TRY_SET(Fd empty, mount_filesystem("tmpfs", "tmpfs", {{"size", "0"}, {"nr_inodes", "1"}}, MOUNT_ATTR_RDONLY));
    return attach(empty.get(), target->get(), step.destination);
  }
  TRY_SET(Fd null_dir, open_in_root(root, "/dev", O_PATH | O_DIRECTORY));
  TRY_SET(Fd null, clone_tree(null_dir.get(), "null", false));
  return attach(null.get(), target->get(), step.destination);
}

Result<void> make_readonly(const MountStep& step, int root) {
  auto target = open_in_root(root, step.destination, O_PATH);
  if (!target.ok()) {
    if (target.error().err == ENOENT || target.error().err == ENOTDIR) return {};
    return std::move(target).error();
  }
  TRY_SET(Fd tree, clone_tree(target->get(), "", true));
  TRY(set_attributes(tree.get(), MOUNT_ATTR_RDONLY, 0, 0, true, step.destination));
  return attach(tree.get(), target->get(), step.destination);
}

Result<void> write_sysctls(const Plan& plan, int root) {
  for (const auto& [key, value] : plan.sysctl) {
    std::string path = "/proc/sys/" + key;
    for (std::size_t i = 10; i < path.size(); ++i) {
      if (path[i] == '.') path[i] = '/';
    }
    auto file = open_in_root(root, path, O_WRONLY);
    if (!file.ok()) return std::move(file).error().within("setting sysctl " + key);
    auto written = write_all(file->get(), value);
    if (!written.ok()) return std::move(written).error().within("setting sysctl " + key + "=" + value);
  }
  return {};
}

Result<void> one_step(const MountStep& step, int root, Fd source, std::uint32_t uid, std::uint32_t gid) {
  switch (step.kind) {
    case MountStep::Kind::kBind:
      return bind(step, root, std::move(source), uid, gid);
    case MountStep::Kind::kDevice:
      return step.source.empty() ? device(step, root) : bind(step, root, std::move(source), uid, gid);
    case MountStep::Kind::kFilesystem:
    case MountStep::Kind::kTmpcopyup:
      return filesystem(step, root);
    case MountStep::Kind::kSymlink:
      return symlink_to(step, root);
    case MountStep::Kind::kMask:
      return mask(step, root);
    case MountStep::Kind::kReadonly:
      return make_readonly(step, root);
  }
  return fail(Code::kInvalid, "the container plan has an unknown mount step");
}

}  // namespace

std::vector<std::size_t> host_sources(const Plan& plan) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
    if (comes_from_host(plan.mounts[i])) out.push_back(i);
  }
  if (!plan.rootfs.empty()) out.push_back(kRootSource);
  return out;
}

Result<Sources> open_sources(const Plan& plan) {
  Sources out;
  for (const std::size_t i : host_sources(plan)) {
    if (i == kRootSource) {
      TRY_SET(out[i], clone_tree(AT_FDCWD, plan.rootfs, true));
      continue;
    }
    const MountStep& step = plan.mounts[i];
    auto tree = clone_tree(AT_FDCWD, step.source, step.recursive);
    // Part of a mount tree cannot be left out where another user namespace made it: then take all of it.
    if (!tree.ok() && tree.error().err == EINVAL && !step.recursive) tree = clone_tree(AT_FDCWD, step.source, true);
    if (!tree.ok()) return std::move(tree).error();
    out.emplace(i, std::move(tree).value());
  }
  return out;
}

Result<void> mount_all(MountContext& context) {
  const Plan& plan = context.plan;
  bool sysctls_written = false;
  for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
    const MountStep& step = plan.mounts[i];
    const bool closes = step.kind == MountStep::Kind::kMask || step.kind == MountStep::Kind::kReadonly;
    if (closes && !sysctls_written) {
      TRY(write_sysctls(plan, context.root));
      sysctls_written = true;
    }
    Fd source;
    if (auto found = context.sources.find(i); found != context.sources.end()) source = std::move(found->second);
    if (step.type == "cgroup2" || step.type == "cgroup") TRY(context.be_placed());
    TRY(one_step(step, context.root, std::move(source), context.owner_uid, context.owner_gid));
  }
  if (!sysctls_written) TRY(write_sysctls(plan, context.root));
  return {};
}

}  // namespace creel::engine::runtime
