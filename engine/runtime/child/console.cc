#include "engine/runtime/child/console.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/rootfs.h"

namespace creel::engine::runtime {

namespace {

constexpr const char* kOpening = "opening the container's terminal";

}  // namespace

Result<Pty> open_pty(int root, const ProcessPlan& plan) {
  Pty pty;
  auto main = open_in_root(root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY);
  if (!main.ok()) {
    return std::move(main).error().within(kOpening).with_hint("a terminal needs a devpts on /dev/pts");
  }
  pty.main = std::move(*main);
  struct statfs info {};
  if (fstatfs(pty.main.get(), &info) != 0) return errno_error(kOpening);
  if (static_cast<long>(info.f_type) != DEVPTS_SUPER_MAGIC) {
    return fail(Code::kInvalid, std::string(kOpening) + ": the container's /dev/pts is no devpts");
  }
  if (plan.rows != 0 && plan.columns != 0) {
    winsize size{plan.rows, plan.columns, 0, 0};
    if (ioctl(pty.main.get(), TIOCSWINSZ, &size) != 0) return errno_error("setting the terminal's size");
  }
  int locked = 0;
  if (ioctl(pty.main.get(), TIOCSPTLCK, &locked) != 0) return errno_error("unlocking the container's terminal");
  pty.side = Fd(ioctl(pty.main.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pty.side.valid()) return errno_error(kOpening);
  return pty;
}

Result<void> mount_console(int root, const Pty& pty) {
  auto tree = clone_tree(pty.side.get(), "", false);
  auto target = open_destination(root, "/dev/console", false);
  if (!tree.ok() || !target.ok()) return {};
  return attach(tree->get(), target->get(), "/dev/console");
}

Result<void> take_terminal(const Fd& side, std::uint32_t uid) {
  (void)fchown(side.get(), uid, static_cast<gid_t>(-1));
  setsid();
  if (ioctl(side.get(), TIOCSCTTY, 0) != 0) return errno_error("taking the controlling terminal");
  for (int fd = 0; fd < 3; ++fd) {
    if (dup2(side.get(), fd) < 0) return errno_error("taking the controlling terminal");
  }
  return {};
}

}  // namespace creel::engine::runtime
