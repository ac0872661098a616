// What is bound from the host, and how it comes into a container with another user namespace (see rootfs.h).
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "engine/runtime/child/channel.h"
#include "engine/runtime/child/idmap.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/rootfs.h"

namespace creel::engine::runtime {

namespace {

bool comes_from_host(const MountStep& step) {
  return step.kind == MountStep::Kind::kBind || (step.kind == MountStep::Kind::kDevice && !step.source.empty());
}

Result<Fd> open_source(const MountStep& step, int user_namespace) {
  auto tree = clone_tree(AT_FDCWD, step.source, step.recursive);
  // Part of a mount tree cannot be left out where another user namespace made it: then take all of it.
  if (!tree.ok() && tree.error().err == EINVAL && !step.recursive) tree = clone_tree(AT_FDCWD, step.source, true);
  if (tree.ok()) TRY(map_ids(tree->get(), step, user_namespace));
  return tree;
}

// In a forked child of the monitor, with the caller's rights: root of the user namespace around the container's.
Result<void> open_and_send(const Plan& plan, int mount_namespace, int user_namespace, int channel) {
  if (setns(mount_namespace, CLONE_NEWNS) != 0) return errno_error("entering the container's mount namespace");
  TRY_SET(Sources sources, open_sources(plan, user_namespace));
  for (const auto& [index, fd] : sources) send_message(channel, Message::kSource, fd.get());
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
  TRY_SET(ChannelPair report, make_channel());
  const pid_t pid = fork();
  if (pid < 0) return errno_error("making a process that opens bind mounts");
  if (pid == 0) {
    auto sent = open_and_send(plan, mount_namespace, user_namespace, channel);
    if (!sent.ok()) send_error(report.child.get(), sent.error());
    _exit(0);
  }
  report.child.reset();
  auto ended = expect_end(report.parent.get());
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return ended;
}

Result<Sources> receive_sources(const Plan& plan, int channel) {
  Sources out;
  for (const std::size_t index : host_sources(plan)) {
    TRY(expect_message(channel, Message::kSource, &out[index]));
  }
  return out;
}

}  // namespace creel::engine::runtime
