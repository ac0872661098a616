#include "engine/runtime/child/init.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/file.h"
#include "engine/runtime/child/channel.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/steps.h"

namespace creel::engine::runtime {

namespace {

// Child, from the first instruction to the exec. Everything not yet dropped.
Result<void> child(Plan plan, const Stdio& stdio, int channel) {
  TRY(die_with_parent(channel));
  // Until exec no process of a joined namespace may look into this one, which still holds the host's descriptors.
  bool nested = false;
  std::uint64_t made = 0;
  for (const NamespaceStep& step : plan.namespaces) {
    if (step.path.empty()) made |= static_cast<unsigned>(step.clone_flag);
  }
  nested = (made & CLONE_NEWUSER) != 0;
  TRY(expect_message(channel, Message::kMapped));
  if (nested) {
    if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0) return errno_error("becoming root of the user namespace");
  }
  (void)prctl(PR_SET_DUMPABLE, 0);
  TRY(die_with_parent(channel));
  TRY_SET(Fd own, open_file("/proc/self/exe", O_PATH));
  if (setsid() < 0 && errno != EPERM) return errno_error("starting a session");
  if (!plan.hostname.empty() && (made & CLONE_NEWUTS) != 0 && sethostname(plan.hostname.data(), plan.hostname.size()) != 0) {
    return errno_error("setting the host name");
  }
  umask(0);
  TRY_SET(Fd root, mount_root(plan));
  TRY(write_sysctls(plan));
  // Written by a process that is not dumpable, oom_score_adj belongs to the host's root: before /proc changes as well.
  TRY(set_limits(plan.process));
  for (const MountStep& step : plan.mounts) TRY(run_mount_step(root.get(), step));
  TRY(enter_root(root.get()));
  TRY(look_up_user(plan.process));
  Fd terminal;
  if (plan.process.terminal) {
    TRY_SET(terminal, make_terminal(plan.process, true));
  } else {
    TRY(take_stdio(stdio));
  }
  if (plan.process.create_cwd) TRY(enter_cwd(plan.process));
  if (plan.root_readonly) {
    TRY_SET(Fd top, open_file("/", O_PATH | O_DIRECTORY));
    TRY(set_attributes(top.get(), MOUNT_ATTR_RDONLY, 0, 0, false, "/"));
  }
  send_message(channel, Message::kReady, terminal.get());
  terminal.reset();
  TRY(expect_message(channel, Message::kGo));
  // Everything but 0, 1, 2 closes at the exec, whoever opened it.
  if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return errno_error("closing descriptors");
  reset_signals();
  TRY(drop_rights(plan.process, channel));
  plan.process.create_cwd = false;
  TRY(enter_cwd(plan.process));
  TRY_SET(const std::string path, find_command(plan.process, own.get()));
  return exec_command(plan.process, path);
}

[[noreturn]] void run_child(const Plan& plan, const Stdio& stdio, int channel) {
  Result<void> result = child(plan, stdio, channel);
  if (!result.ok()) send_error(channel, result.error());
  _exit(125);
}

std::string map_text(const std::vector<IdMapStep>& map) {
  std::string out;
  for (const IdMapStep& m : map) {
    out += std::to_string(m.inside) + " " + std::to_string(m.outside) + " " + std::to_string(m.count) + "\n";
  }
  return out;
}

// Parent: it has the rights over the IDs that the new user namespace is given.
Result<void> write_maps(const Plan& plan, pid_t pid) {
  TRY_SET(Fd proc, open_file("/proc/" + std::to_string(pid), O_PATH | O_DIRECTORY));
  const auto put = [&](const char* name, const std::string& text) -> Result<void> {
    TRY_SET(Fd file, open_at(proc.get(), name, O_WRONLY));
    Result<void> written = write_all(file.get(), text);  // one write(2): the kernel takes a map once
    if (!written.ok()) return std::move(written).error().within(std::string("writing the container's ") + name);
    return {};
  };
  TRY(put("uid_map", map_text(plan.uid_map)));
  return put("gid_map", map_text(plan.gid_map));
}

// With namespaces to join: a process in between joins them and clones the first process as its own sibling.
Result<pid_t> clone_joined(const Plan& plan, const Stdio& stdio, std::uint64_t flags, ChannelPair& pair, Fd* pidfd) {
  TRY_SET(ChannelPair side, make_channel());
  Fd between_fd;
  TRY_SET(const pid_t between, clone_process(0, &between_fd));
  if (between == 0) {
    pair.parent.reset();
    side.parent.reset();
    Result<void> joined = join_namespaces(plan.namespaces);
    if (!joined.ok()) {
      send_error(side.child.get(), joined.error());
      _exit(0);
    }
    Fd made;
    Result<pid_t> pid = clone_process(flags | CLONE_PARENT, &made);
    if (!pid.ok()) {
      send_error(side.child.get(), pid.error());
      _exit(0);
    }
    if (*pid == 0) {
      side.child.reset();
      run_child(plan, stdio, pair.child.get());
    }
    send_message(side.child.get(), Message::kReady, made.get());
    _exit(0);
  }
  side.child.reset();
  Result<void> told = expect_message(side.parent.get(), Message::kReady, pidfd);
  while (waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!told.ok()) return std::move(told).error();
  return pid_of(pidfd->get());
}

}  // namespace

Result<pid_t> pid_of(int pidfd) {
  TRY_SET(const std::string info, read_file("/proc/self/fdinfo/" + std::to_string(pidfd), 4096));
  const std::size_t at = info.find("\nPid:");
  if (at == std::string::npos) return fail(Code::kFailed, "not a pidfd");
  const long pid = std::strtol(info.c_str() + at + 5, nullptr, 10);
  if (pid <= 0) return fail(Code::kNotFound, "the container's process has ended");
  return static_cast<pid_t>(pid);
}

Result<InitProcess> clone_init(const Plan& plan, const Stdio& stdio) {
  TRY_SET(ChannelPair pair, make_channel());
  std::uint64_t flags = 0;
  bool joins = false;
  for (const NamespaceStep& step : plan.namespaces) {
    if (step.path.empty()) {
      flags |= static_cast<unsigned>(step.clone_flag);
    } else {
      joins = true;
    }
  }
  if ((flags & CLONE_NEWNS) == 0) return fail(Code::kInvalid, "a container needs its own mount namespace");
  InitProcess out;
  if (joins) {
    TRY_SET(out.pid_, clone_joined(plan, stdio, flags, pair, &out.pidfd_));
  } else {
    TRY_SET(out.pid_, clone_process(flags, &out.pidfd_));
    if (out.pid_ == 0) {
      pair.parent.reset();
      run_child(plan, stdio, pair.child.get());
    }
  }
  pair.child.reset();
  if ((flags & CLONE_NEWUSER) != 0) {
    Result<void> mapped = write_maps(plan, out.pid_);
    if (!mapped.ok()) {
      (void)syscall(SYS_pidfd_send_signal, out.pidfd_.get(), SIGKILL, nullptr, 0);
      while (waitpid(out.pid_, nullptr, 0) < 0 && errno == EINTR) {
      }
      return std::move(mapped).error();
    }
  }
  send_message(pair.parent.get(), Message::kMapped);
  out.channel_ = std::move(pair.parent);
  return out;
}

Result<void> InitProcess::wait_ready() { return expect_message(channel_.get(), Message::kReady, &terminal_); }

Result<void> InitProcess::go() {
  send_message(channel_.get(), Message::kGo);
  Result<void> ended = expect_end(channel_.get());
  channel_.reset();
  return ended;
}

}  // namespace creel::engine::runtime
