#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/steps.h"

namespace creel::engine::runtime {

Result<void> take_stdio(const Stdio& stdio) {
  // Copies above 2 first: the three may name each other.
  int copies[3];
  const int wanted[3] = {stdio.in, stdio.out, stdio.err};
  for (int i = 0; i < 3; ++i) {
    copies[i] = wanted[i] >= 0 ? fcntl(wanted[i], F_DUPFD_CLOEXEC, 3) : open("/dev/null", O_RDWR | O_CLOEXEC);
    if (copies[i] < 0) return errno_error("preparing the container's standard streams");
  }
  for (int i = 0; i < 3; ++i) {
    if (dup2(copies[i], i) < 0) return errno_error("preparing the container's standard streams");
    if (copies[i] > 2) close(copies[i]);
  }
  return {};
}

Result<Fd> make_terminal(const ProcessPlan& plan, bool console) {
  Fd main(open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!main.valid()) return errno_error("opening a terminal in the container's /dev/pts");
  const int unlock = 0;
  if (ioctl(main.get(), TIOCSPTLCK, &unlock) != 0) return errno_error("unlocking the container's terminal");
  // By descriptor: a path in the container is the image's to choose.
  Fd side(ioctl(main.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!side.valid()) return errno_error("opening the container's terminal");
  if (plan.rows != 0 && plan.columns != 0) {
    winsize size{plan.rows, plan.columns, 0, 0};
    (void)ioctl(side.get(), TIOCSWINSZ, &size);
  }
  if (ioctl(side.get(), TIOCSCTTY, 0) != 0) return errno_error("taking the container's terminal");
  if (fchown(side.get(), plan.user.uid, static_cast<gid_t>(-1)) != 0 && errno != EPERM && errno != EINVAL) {
    return errno_error("giving the terminal to the container's user");
  }
  if (console) {
    TRY_SET(Fd root, open_file("/", O_PATH | O_DIRECTORY));
    TRY_SET(Fd target, resolve_making(root.get(), "/dev/console", false));
    TRY_SET(Fd tree, clone_tree(side.get(), "", false));
    TRY(attach(tree.get(), target.get(), "/dev/console"));
  }
  for (int i = 0; i < 3; ++i) {
    if (dup2(side.get(), i) < 0) return errno_error("preparing the container's standard streams");
  }
  return main;
}

}  // namespace creel::engine::runtime
