// Joining a running container for exec (see init.h).
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.h"
#include "base/process.h"
#include "engine/runtime/child/channel.h"
#include "engine/runtime/child/init.h"
#include "engine/runtime/child/process_setup.h"
#include "engine/runtime/child/user_lookup.h"

namespace creel::engine::runtime {

namespace {

constexpr int kAllButUser = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP;

// Whether process `pid` lives in another namespace of this kind than we do.
bool in_other_namespace(pid_t pid, const char* kind) {
  struct stat ours{}, theirs{};
  if (stat((std::string("/proc/self/ns/") + kind).c_str(), &ours) != 0) return false;
  if (stat(("/proc/" + std::to_string(pid) + "/ns/" + kind).c_str(), &theirs) != 0) return true;
  return ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev;
}

// The host's own, which a container may share, is nobody's to join without rights over the host.
int foreign_namespaces(pid_t pid) {
  static constexpr std::pair<const char*, int> kKinds[] = {{"mnt", CLONE_NEWNS},   {"pid", CLONE_NEWPID},
                                                           {"ipc", CLONE_NEWIPC},  {"uts", CLONE_NEWUTS},
                                                           {"net", CLONE_NEWNET},  {"cgroup", CLONE_NEWCGROUP},
                                                           {"user", CLONE_NEWUSER}};
  int flags = 0;
  for (const auto& [kind, flag] : kKinds) {
    if (in_other_namespace(pid, kind)) flags |= flag;
  }
  return flags;
}

// In the grandchild: inside everything, root of the container's user namespace.
Result<void> inner_steps(const ExecRequest& request, int channel_end, const OwnProgram& own) {
  const bool terminal = request.plan.terminal;
  TRY_SET(const int channel, arrange_descriptors(terminal ? -1 : request.stdio.in, terminal ? -1 : request.stdio.out,
                                                 terminal ? -1 : request.stdio.err, channel_end));
  ResolvedUser user;
  Fd pty;
  {
    TRY_SET(Fd root, open_file("/", O_PATH | O_DIRECTORY));
    TRY_SET(user, resolve_user(root.get(), request.plan.user));
    if (terminal) {
      TRY_SET(pty, open_in_root(root.get(), "/dev/pts/ptmx", O_RDWR | O_NOCTTY));
    }
  }
  TRY(apply_limits(request.plan));
  setsid();
  if (terminal) TRY(take_terminal(pty.get(), request.plan.rows, request.plan.columns));
  if (terminal) (void)fchown(0, user.uid, static_cast<gid_t>(-1));
  send_message(channel, Message::kReady, pty.get());
  pty.reset();
  TRY(expect_message(channel, Message::kGo));
  TRY(give_up_rights(request.plan, user, false));
  return exec_command(request.plan, user, own);
}

// In the first child: joins, then makes the process that is in the PID namespace, as a child of our own parent.
Result<void> outer_steps(const ExecRequest& request, pid_t target, int channel, int number, const OwnProgram& own) {
  // Nobody in the container may look into this program or hold on to its file.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  int flags = kAllButUser | (in_other_namespace(target, "user") ? CLONE_NEWUSER : 0);
  int joined = setns(request.pidfd, flags);
  if (joined != 0 && errno == EPERM) {
    flags = foreign_namespaces(target);
    joined = setns(request.pidfd, flags);
  }
  if (joined != 0) {
    Error error = errno_error("joining the container's namespaces");
    if (error.err == ESRCH) error.code = Code::kInUse;
    return error;
  }
  if ((flags & CLONE_NEWUSER) != 0 && (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)) {
    return errno_error("becoming root of the container's user namespace");
  }
  clone_args args{};
  args.flags = CLONE_PARENT;
  const long pid = syscall(SYS_clone3, &args, sizeof(args));
  if (pid < 0) return errno_error("making a process in the container");
  if (pid == 0) {
    auto done = inner_steps(request, channel, own);
    send_error(fcntl(3, F_GETFD) >= 0 ? 3 : channel, done.error());
    _exit(125);
  }
  // clone3 gave its number in the PID namespace of this process, which setns left unchanged: the caller's own.
  (void)!send(number, &pid, sizeof(pid), MSG_NOSIGNAL);
  _exit(0);
}

pid_t pid_of(int pidfd) {
  auto text = read_file("/proc/self/fdinfo/" + std::to_string(pidfd), 4096);
  if (!text.ok()) return -1;
  const std::size_t at = text->find("Pid:");
  return at == std::string::npos ? -1 : static_cast<pid_t>(strtol(text->c_str() + at + 4, nullptr, 10));
}

}  // namespace

Result<ExecProcess> exec_in_container(const ExecRequest& request) {
  const OwnProgram own = own_program();
  const pid_t target = pid_of(request.pidfd);
  if (target <= 0) return fail(Code::kInUse, "the container has ended");
  TRY_SET(ChannelPair talk, make_channel());
  TRY_SET(ChannelPair number, make_channel());
  const pid_t outer = fork();
  if (outer < 0) return errno_error("fork");
  if (outer == 0) {
    auto done = outer_steps(request, target, talk.child.get(), number.child.get(), own);
    send_error(talk.child.get(), done.error());
    _exit(125);
  }
  talk.child.reset();
  number.child.reset();
  long pid = 0;
  const ssize_t got = recv(number.parent.get(), &pid, sizeof(pid), 0);
  (void)waitpid(outer, nullptr, 0);
  ExecProcess out;
  if (got == sizeof(pid)) {
    out.pid = static_cast<pid_t>(pid);
    // A child of ours that nobody else waits for: the number cannot have been taken by another.
    TRY_SET(out.pidfd, pidfd_open(out.pid));
  }
  auto started = [&]() -> Result<void> {
    TRY(expect_message(talk.parent.get(), Message::kReady, &out.terminal));
    send_message(talk.parent.get(), Message::kGo);
    return expect_end(talk.parent.get());
  }();
  if (!started.ok()) {
    if (out.pid > 0) (void)waitpid(out.pid, nullptr, 0);
    return std::move(started).error();
  }
  return out;
}

}  // namespace creel::engine::runtime
