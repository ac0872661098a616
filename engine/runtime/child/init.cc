#include "engine/runtime/child/init.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "engine/runtime/child/channel.h"
#include "engine/runtime/child/fuse_overlay.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/process_setup.h"
#include "engine/runtime/child/rootfs.h"
#include "engine/runtime/child/user_lookup.h"

namespace creel::engine::runtime {

namespace {

std::uint64_t new_namespaces(const Plan& plan) {
  std::uint64_t flags = CLONE_NEWNS;
  for (const NamespaceStep& step : plan.namespaces) {
    if (step.path.empty()) flags |= static_cast<std::uint64_t>(static_cast<unsigned>(step.clone_flag));
  }
  return flags;
}

Error clone_error(int err, bool user_namespace) {
  Error error = errno_error("creating the container's namespaces (clone3)", err);
  if (err == EPERM) {
    error.hint =
        "the kernel forbids it here: see the sysctls kernel.unprivileged_userns_clone and "
        "kernel.apparmor_restrict_unprivileged_userns, or a seccomp filter around this process";
  } else if (err == ENOSPC || err == EUSERS) {
    error.hint = user_namespace ? "raise the sysctl user.max_user_namespaces" : "raise the sysctls user.max_*_namespaces";
  } else if (err == EINVAL) {
    error.hint = "this kernel lacks a namespace that the container needs";
  } else if (err == EAGAIN) {
    error.hint = "this user's limit of processes (ulimit -u) is reached";
  }
  return error;
}

Result<void> join_namespaces(const Plan& plan) {
  for (const NamespaceStep& step : plan.namespaces) {
    if (step.path.empty()) continue;
    TRY_SET(Fd ns, open_file(step.path, O_RDONLY));
    if (setns(ns.get(), step.clone_flag) != 0) return errno_error("joining namespace " + step.path);
  }
  return {};
}

// A new network namespace's loopback interface is down.
Result<void> raise_loopback() {
  Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno_error("raising the loopback interface");
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) return errno_error("raising the loopback interface");
  return {};
}

// /dev/console is the terminal too, as login programs expect.
Result<void> mount_console() {
  Fd made(open("/dev/console", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!made.valid()) return {};
  auto tree = clone_tree(AT_FDCWD, "/dev/pts/0", false);
  auto target = open_file("/dev/console", O_PATH | O_NOFOLLOW);
  if (!tree.ok() || !target.ok()) return {};
  return attach(tree->get(), target->get(), "/dev/console");
}

// The file system and what is read from it; returns the user, and the pty of a terminal.
Result<ResolvedUser> enter_file_system(const Plan& plan, Sources& sources, int channel, Fd& pty) {
  // What the host mounts later may still come in where asked for; nothing goes out.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return mount_error("separating the mount namespace", errno);
  if (!has_own_user_namespace(plan)) {
    TRY_SET(sources, open_sources(plan));
  }
  TRY_SET(Fd root, mount_root(plan, sources, channel, [](int to, int device) { send_message(to, Message::kFuse, device); }));
  TRY_SET(ResolvedUser user, resolve_user(root.get(), plan.process.user));
  TRY(mount_all(plan, root.get(), sources, user.uid, user.gid));
  if (plan.process.terminal) {
    TRY_SET(pty, open_in_root(root.get(), "/dev/pts/ptmx", O_RDWR | O_NOCTTY));
  }
  if (plan.root_propagation != 0) TRY(set_attributes(root.get(), 0, 0, plan.root_propagation, false, "/"));
  TRY(enter_root(root.get()));
  if (plan.root_readonly) TRY(set_attributes(root.get(), MOUNT_ATTR_RDONLY, 0, 0, false, "/"));
  return user;
}

// In the container's first process, from the clone to the exec; the order is the point.
Result<void> child_steps(const Plan& plan, const Stdio& stdio, const InitOptions& options, int channel_end, const OwnProgram& own) {
  if (options.die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno_error("prctl PR_SET_PDEATHSIG");
  const bool terminal = plan.process.terminal;
  TRY_SET(const int channel,
          arrange_descriptors(terminal ? -1 : stdio.in, terminal ? -1 : stdio.out, terminal ? -1 : stdio.err, channel_end));
  Sources sources;
  if (has_own_user_namespace(plan)) {
    TRY_SET(sources, receive_sources(plan, channel));
  }
  TRY(expect_message(channel, Message::kMapped));
  if (has_own_user_namespace(plan) && (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)) {
    return errno_error("becoming root of the container's user namespace");
  }
  setsid();
  umask(0022);
  TRY(join_namespaces(plan));
  if ((new_namespaces(plan) & CLONE_NEWNET) != 0) TRY(raise_loopback());
  if (!plan.hostname.empty() && sethostname(plan.hostname.data(), plan.hostname.size()) != 0) {
    return errno_error("setting host name " + plan.hostname);
  }
  Fd pty;
  TRY_SET(const ResolvedUser user, enter_file_system(plan, sources, channel, pty));
  TRY(apply_limits(plan.process));
  if (terminal) {
    // The user must be able to open its own terminal again.
    (void)fchownat(AT_FDCWD, "/dev/pts/0", user.uid, static_cast<gid_t>(-1), AT_SYMLINK_NOFOLLOW);
    TRY(take_terminal(pty.get(), plan.process.rows, plan.process.columns));
    TRY(mount_console());
  }
  send_message(channel, Message::kReady, pty.get());
  pty.reset();
  TRY(expect_message(channel, Message::kGo));
  // Until the exec nobody in the container may look into this process.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  TRY(give_up_rights(plan.process, user, options.die_with_parent));
  return exec_command(plan.process, user, own);
}

// Written from outside, by the one who has rights over the parent namespace (user_namespaces(7)).
Result<void> write_map(pid_t pid, const char* file, const std::vector<IdMapStep>& map) {
  std::string text;
  for (const IdMapStep& range : map) {
    text += std::to_string(range.inside) + " " + std::to_string(range.outside) + " " + std::to_string(range.count) + "\n";
  }
  TRY_SET(Fd fd, open_file("/proc/" + std::to_string(pid) + "/" + file, O_WRONLY));
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return errno_error(std::string("writing ") + file + " of the container's user namespace");
  }
  return {};
}

}  // namespace

Result<InitProcess> clone_init(const Plan& plan, const Stdio& stdio, const InitOptions& options) {
  const OwnProgram own = own_program();
  TRY_SET(ChannelPair channel, make_channel());
  int pidfd = -1;
  clone_args args{};
  args.flags = new_namespaces(plan) | CLONE_PIDFD;
  args.exit_signal = SIGCHLD;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  const long pid = syscall(SYS_clone3, &args, sizeof(args));
  if (pid < 0) return clone_error(errno, has_own_user_namespace(plan));
  if (pid == 0) {
    const int end = channel.child.get();
    channel.parent.reset();
    auto done = child_steps(plan, stdio, options, end, own);
    // The channel is 3 unless arranging the descriptors failed.
    send_error(fcntl(3, F_GETFD) >= 0 ? 3 : end, done.error());
    _exit(125);
  }
  InitProcess out;
  out.pid_ = static_cast<pid_t>(pid);
  out.pidfd_ = Fd(pidfd);
  out.channel_ = std::move(channel.parent);
  channel.child.reset();
  // Before the process changes its IDs, after which its parent may no longer look into it.
  if ((args.flags & CLONE_NEWNET) != 0) {
    TRY_SET(out.network_namespace_, open_file("/proc/" + std::to_string(pid) + "/ns/net", O_RDONLY));
  }
  if (has_own_user_namespace(plan)) {
    TRY(write_map(out.pid_, "uid_map", plan.uid_map));
    TRY(write_map(out.pid_, "gid_map", plan.gid_map));
    TRY_SET(Fd mounts, open_file("/proc/" + std::to_string(pid) + "/ns/mnt", O_RDONLY));
    TRY(send_sources(plan, mounts.get(), out.channel_.get()));
  }
  send_message(out.channel_.get(), Message::kMapped);
  return out;
}

Result<void> InitProcess::wait_ready(const Plan& plan) {
  Fd fd;
  TRY_SET(Message message, expect_either(channel_.get(), Message::kReady, Message::kFuse, &fd));
  if (message == Message::kFuse) {
    TRY(serve_fuse(plan, fd.get()));
    fd.reset();
    TRY(expect_message(channel_.get(), Message::kReady, &fd));
  }
  terminal_ = std::move(fd);
  return {};
}

Result<void> InitProcess::go() {
  send_message(channel_.get(), Message::kGo);
  auto ended = expect_end(channel_.get());
  channel_.reset();
  return ended;
}

}  // namespace creel::engine::runtime
