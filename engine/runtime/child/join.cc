// Joining a running container for exec (see init.h).
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.h"
#include "base/process.h"
#include "engine/runtime/child/attributes.h"
#include "engine/runtime/child/channel.h"
#include "engine/runtime/child/console.h"
#include "engine/runtime/child/descriptors.h"
#include "engine/runtime/child/entry.h"
#include "engine/runtime/child/exec_guard.h"
#include "engine/runtime/child/init.h"
#include "engine/runtime/child/namespaces.h"
#include "engine/runtime/child/process_setup.h"
#include "engine/runtime/child/procfs.h"
#include "engine/runtime/child/user_lookup.h"

namespace creel::engine::runtime {

namespace {

constexpr int kAllButUser = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP;

Error gone() { return fail(Code::kInUse, "the container has ended"); }

bool is_ending(int pidfd, pid_t pid) {
  pollfd ended{pidfd, POLLIN, 0};
  return poll(&ended, 1, 0) != 0 || is_process_ending(pid);
}

std::string namespace_of(pid_t pid, const char* type) {
  return "/proc/" + (pid == 0 ? "self" : std::to_string(pid)) + "/ns/" + type;
}

// Whether the process `pid` lives in another namespace of this type than this one.
bool lives_elsewhere(pid_t pid, const char* type) {
  struct stat ours{}, theirs{};
  if (stat(namespace_of(0, type).c_str(), &ours) != 0) return false;
  if (stat(namespace_of(pid, type).c_str(), &theirs) != 0) return true;
  return ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev;
}

// The host's own, which a container may share, is nobody's to join without rights over the host.
int foreign_namespaces(pid_t pid) {
  static constexpr std::pair<const char*, int> kKinds[] = {
      {"mnt", CLONE_NEWNS},  {"pid", CLONE_NEWPID},       {"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS},
      {"net", CLONE_NEWNET}, {"cgroup", CLONE_NEWCGROUP}, {"user", CLONE_NEWUSER}, {"time", CLONE_NEWTIME}};
  int flags = 0;
  for (const auto& [kind, flag] : kKinds) {
    if (lives_elsewhere(pid, kind)) flags |= flag;
  }
  return flags;
}

// In the outer process. `procfs` stays open for the inner one where that needs the host's /proc.
Result<void> enter_container(const ExecRequest& request, pid_t target, int& procfs) {
  TRY(set_cpu_affinity(request.plan.cpus_initial));
  TRY(set_oom_score_adj(request.plan));
  if (wants_label(request.plan)) {
    TRY_SET(Fd opened, open_host_procfs());
    procfs = opened.release();
  }
  // Nobody in the container may look into this program or hold on to its file.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const bool user = lives_elsewhere(target, "user");
  int flags = kAllButUser | (user ? CLONE_NEWUSER : 0) | (lives_elsewhere(target, "time") ? CLONE_NEWTIME : 0);
  int joined = setns(request.pidfd, flags);
  if (joined != 0 && errno == EPERM) {
    flags = foreign_namespaces(target);
    joined = setns(request.pidfd, flags);
  }
  if (joined != 0) {
    return errno == ESRCH ? gone() : errno_error("joining the container's namespaces");
  }
  return user ? become_root() : Result<void>{};
}

// In the inner one: inside everything, root of the container's user namespace. `channel` and `procfs` learn their numbers.
Result<void> exec_steps(const ExecRequest& request, int& channel, int& procfs, const OwnProgram& own) {
  const bool terminal = request.plan.terminal;
  TRY(arrange_descriptors(terminal ? Stdio{} : request.stdio, {request.plan.preserve_fds, {}}, {&channel, &procfs}));
  FromHost from_host;
  if (const Fd host(procfs); host.valid()) {
    TRY_SET(from_host.labels, open_label_files(request.plan, host.get()));
  }
  ResolvedUser user;
  Pty pty;
  {
    TRY_SET(Fd root, open_file("/", O_PATH | O_DIRECTORY));
    TRY_SET(user, resolve_user(root.get(), request.plan.user));
    if (terminal) {
      TRY_SET(pty, open_pty(root.get(), request.plan));
    }
  }
  TRY(apply_limits(request.plan));
  TRY(set_cpu_affinity(request.plan.cpus_final));
  setsid();
  if (terminal) TRY(take_terminal(pty.side, user.uid));
  send_message(channel, Message::kReady, pty.main.get());
  pty = {};
  TRY(expect_message(channel, Message::kGo));
  offer_guard(channel, own);
  reset_signals();
  TRY(give_up_rights(request.plan, user, false, from_host));
  TRY(give_up_last_rights(request.plan, from_host));
  return exec_command(request.plan, user, own);
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
  if (target <= 0) return gone();
  TRY_SET(ChannelPair talk, make_channel());
  int procfs = -1;
  EntryRequest entry;
  entry.cgroup = request.cgroup;
  entry.container = request.pidfd;
  entry.channel = talk.child.get();
  entry.shares_memory = !lives_elsewhere(target, "time");
  entry.enter = [&] { return enter_container(request, target, procfs); };
  entry.body = [&]() -> Result<void> { return exec_steps(request, entry.channel, procfs, own); };
  // What it would wait for is there before it is.
  send_message(talk.parent.get(), Message::kGo);
  auto entered = clone_from_within(entry);
  talk.child.reset();
  if (!entered.ok()) return std::move(entered).error();
  ExecProcess out;
  out.pid = entered->pid;
  out.pidfd = std::move(entered->pidfd);
  auto started = [&]() -> Result<void> {
    TRY(expect_message(talk.parent.get(), Message::kReady, &out.terminal));
    return expect_exec(talk.parent.get(), out.pid, own);
  }();
  if (!started.ok()) {
    if (out.pid > 0) (void)waitpid(out.pid, nullptr, 0);
    // Whatever it was that could not be done in there: of a PID namespace without its first process the kernel says that
    // memory is short.
    if (started.error().code == Code::kFailed && is_ending(request.pidfd, target)) return gone();
    return std::move(started).error();
  }
  return out;
}

}  // namespace creel::engine::runtime
