// Bind sources for a container with a user namespace of its own (see rootfs.h).
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/runtime/child/channel.h"
#include "engine/runtime/child/rootfs.h"

namespace creel::engine::runtime {

namespace {

// In a forked child of the monitor, with the caller's rights: root of the user namespace around the container's.
Result<void> open_and_send(const Plan& plan, int mount_namespace, int channel) {
  if (setns(mount_namespace, CLONE_NEWNS) != 0) return errno_error("entering the container's mount namespace");
  TRY_SET(Sources sources, open_sources(plan));
  for (const auto& [index, fd] : sources) send_message(channel, Message::kSource, fd.get());
  return {};
}

}  // namespace

bool has_foreign_user_namespace(const Plan& plan) {
  return std::any_of(plan.namespaces.begin(), plan.namespaces.end(),
                     [](const NamespaceStep& step) { return step.clone_flag == CLONE_NEWUSER; });
}

Result<void> send_sources(const Plan& plan, int mount_namespace, int channel) {
  TRY_SET(ChannelPair report, make_channel());
  const pid_t pid = fork();
  if (pid < 0) return errno_error("making a process that opens bind mounts");
  if (pid == 0) {
    auto sent = open_and_send(plan, mount_namespace, channel);
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
