// What is bound from the host, and how it comes into a container with another user namespace (see rootfs.h).
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "engine/runtime/child/channel.h"
#include "engine/runtime/child/copy_tree.h"
#include "engine/runtime/child/idmap.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/namespace_names.h"
#include "engine/runtime/child/namespaces.h"
#include "engine/runtime/child/overlay.h"
#include "engine/runtime/child/rootfs.h"

namespace creel::engine::runtime {

namespace {

bool comes_from_host(const MountStep& step) {
  return step.kind == MountStep::Kind::kBind || step.kind == MountStep::Kind::kOverlay || (step.kind == MountStep::Kind::kDevice && !step.source.empty());
}

// Runs `work` in a forked child of this process; its error is ours.
template <typename Work>
Result<void> in_child(const Work& work) {
  TRY_SET(ChannelPair report, make_channel());
  const pid_t pid = fork();
  if (pid < 0) return errno_error("making a process that opens bind mounts");
  if (pid == 0) {
    auto done = work();
    if (!done.ok()) send_error(report.child.get(), done.error());
    _exit(0);
  }
  report.child.reset();
  auto ended = expect_end(report.parent.get());
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return ended;
}

// With the rights of the one whose mount namespace it is: a FUSE file system there answers nobody from outside its user
// namespace, root neither.
Result<void> enter_owner(int mounts) {
  Fd owner(ioctl(mounts, NS_GET_USERNS));
  struct stat ours{}, theirs{};
  if (!owner.valid() || fstat(owner.get(), &theirs) != 0 || stat("/proc/self/ns/user", &ours) != 0) return {};
  if (ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev) return {};
  if (setns(owner.get(), CLONE_NEWUSER) != 0) return errno_error("entering the user namespace of another container");
  return become_root();
}

// The kernel copies no mount of another mount namespace: who copies it must be in there.
Result<Fd> clone_in_namespace(const MountStep& step) {
  TRY_SET(Fd mounts, open_namespace(step.source_namespace));
  TRY_SET(ChannelPair talk, make_channel());
  auto cloned = in_child([&]() -> Result<void> {
    // Nobody in there may look into this program.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    TRY(enter_owner(mounts.get()));
    if (setns(mounts.get(), CLONE_NEWNS) != 0) return errno_error("entering mount namespace " + step.source_namespace);
    TRY_SET(Fd tree, clone_tree(AT_FDCWD, step.source, step.recursive));
    send_message(talk.child.get(), Message::kSource, tree.get());
    return {};
  });
  TRY(std::move(cloned));
  Fd tree;
  TRY(expect_message(talk.parent.get(), Message::kSource, &tree));
  return tree;
}

// What a container can write has no link that leads out of it: not even one that is made while this looks.
Result<Fd> clone_subpath(const MountStep& step) {
  TRY_SET(const Fd whole, open_file(step.source, O_PATH | O_DIRECTORY));
  auto part = open_in_root(whole.get(), step.subpath, O_PATH);
  if (!part.ok()) return std::move(part).error().within("opening " + step.subpath + " in " + step.source);
  return clone_tree(part->get(), "", step.recursive);
}

Result<Fd> open_source(const MountStep& step, int user_namespace) {
  if (step.kind == MountStep::Kind::kOverlay) {
    auto overlay = make_overlay({step.lower, step.upper, step.work, step.user_xattr});
    if (!overlay.ok()) return std::move(overlay).error().within(step.destination);
    return overlay;
  }
  if (!step.source_namespace.empty()) return clone_in_namespace(step);
  if (!step.subpath.empty()) return clone_subpath(step);
  auto tree = clone_tree(AT_FDCWD, step.source, step.recursive);
  // Part of a mount tree cannot be left out where another user namespace made it: then take all of it.
  if (!tree.ok() && tree.error().err == EINVAL && !step.recursive) tree = clone_tree(AT_FDCWD, step.source, true);
  if (tree.ok()) TRY(map_ids(tree->get(), step, user_namespace));
  return tree;
}

// The ID here of the container's `inside`; -1: none.
std::int64_t outside_of(const std::vector<IdMapStep>& map, std::uint32_t inside) {
  for (const IdMapStep& range : map) {
    if (inside >= range.inside && inside - range.inside < range.count) return std::int64_t{range.outside} + (inside - range.inside);
  }
  return -1;
}

bool is_mapped(const std::vector<IdMapStep>& map, std::uint32_t outside) {
  return std::any_of(map.begin(), map.end(), [&](const IdMapStep& range) {
    return outside >= range.outside && outside - range.outside < range.count;
  });
}

// A container that does not have its caller's ID has no rights over the caller's files either: a new volume, and what is to
// be given to the container's user (":U"), is given to its root first, who then goes on.
Result<void> adopt(const Plan& plan, const MountStep& step, int tree) {
  if (step.kind != MountStep::Kind::kBind || (!step.copy_up && !step.chown)) return {};
  struct stat info{};
  if (fstat(tree, &info) != 0 || !S_ISDIR(info.st_mode)) return {};
  if (is_mapped(plan.uid_map, info.st_uid) && is_mapped(plan.gid_map, info.st_gid)) return {};
  const std::int64_t uid = outside_of(plan.uid_map, 0);
  const std::int64_t gid = outside_of(plan.gid_map, 0);
  if (uid < 0 || gid < 0) return {};
  TRY_SET(Fd dir, open_at(tree, ".", O_RDONLY | O_DIRECTORY));
  if (!step.chown) {
    TRY_SET(const bool empty, is_empty_directory(dir.get()));
    if (!empty) return {};
  }
  auto given = chown_tree(dir.get(), static_cast<std::uint32_t>(uid), static_cast<std::uint32_t>(gid));
  if (!given.ok()) return std::move(given).error().within("giving " + step.source + " to the container");
  return {};
}

// In a forked child of the monitor, with the caller's rights: root of the user namespace around the container's.
Result<void> open_and_send(const Plan& plan, int mount_namespace, int user_namespace, int channel) {
  if (setns(mount_namespace, CLONE_NEWNS) != 0) return errno_error("entering the container's mount namespace");
  TRY_SET(Sources sources, open_sources(plan, user_namespace));
  for (const auto& [index, fd] : sources) {
    if (index != kRootSource) TRY(adopt(plan, plan.mounts[index], fd.get()));
    send_message(channel, Message::kSource, fd.get());
  }
  return {};
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

Result<Sources> open_sources(const Plan& plan, int user_namespace) {
  Sources out;
  for (const std::size_t i : host_sources(plan)) {
    auto tree = i == kRootSource ? clone_tree(AT_FDCWD, plan.rootfs, true) : open_source(plan.mounts[i], user_namespace);
    if (!tree.ok()) return std::move(tree).error();
    out.emplace(i, std::move(*tree));
  }
  return out;
}

bool has_foreign_user_namespace(const Plan& plan) {
  return std::any_of(plan.namespaces.begin(), plan.namespaces.end(),
                     [](const NamespaceStep& step) { return step.clone_flag == CLONE_NEWUSER; });
}

Result<void> send_sources(const Plan& plan, int mount_namespace, int user_namespace, int channel) {
  return in_child([&] { return open_and_send(plan, mount_namespace, user_namespace, channel); });
}

Result<Sources> receive_sources(const Plan& plan, int channel) {
  Sources out;
  for (const std::size_t index : host_sources(plan)) {
    TRY(expect_message(channel, Message::kSource, &out[index]));
  }
  return out;
}

}  // namespace creel::engine::runtime
