#include "engine/runtime/child/init.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "engine/runtime/child/attributes.h"
#include "engine/runtime/child/channel.h"
#include "engine/runtime/child/entry.h"
#include "engine/runtime/child/exec_guard.h"
#include "engine/runtime/child/first_steps.h"
#include "engine/runtime/child/fuse_overlay.h"
#include "engine/runtime/child/id_maps.h"
#include "engine/runtime/child/namespaces.h"
#include "engine/runtime/child/rootfs.h"
#include "engine/runtime/child/sharing.h"

namespace creel::engine::runtime {

namespace {

struct Cloned {
  pid_t pid = -1;
  Fd pidfd;
};

[[noreturn]] void run_first_steps(FirstProcessStart& start) {
  const Error error = first_steps(start);
  send_error(start.channel, error);
  _exit(125);
}

Result<Cloned> clone_directly(FirstProcessStart& start, std::uint64_t flags) {
  int pidfd = -1;
  const pid_t pid = clone_process(flags, start.options.cgroup, &pidfd);
  if (pid < 0) return clone_error(errno, (flags & CLONE_NEWUSER) != 0);
  if (pid == 0) run_first_steps(start);
  return Cloned{pid, Fd(pidfd)};
}

struct Birth {
  FirstProcessStart& start;
  pid_t pid = -1;  // as the caller numbers it
};

int run_from_birth(void* argument) {
  auto& birth = *static_cast<Birth*>(argument);
  auto born = birth.start.options.at_birth(birth.pid);
  send_error(birth.start.channel, born.ok() ? first_steps(birth.start) : born.error());
  return 125;
}

Result<Cloned> clone_sharing(FirstProcessStart& start, std::uint64_t flags) {
  Birth birth{start};
  int pidfd = -1;
  SharingClone how;
  how.flags = flags;
  how.cgroup = start.options.cgroup;
  how.pidfd = &pidfd;
  how.pid = &birth.pid;
  const pid_t pid = spawn_sharing(how, run_from_birth, &birth);
  if (pid < 0) return clone_error(errno, (flags & CLONE_NEWUSER) != 0);
  return Cloned{pid, Fd(pidfd)};
}

Result<Cloned> clone_by_entry(FirstProcessStart& start, std::uint64_t flags) {
  EntryRequest entry;
  entry.cgroup = start.options.cgroup;
  entry.flags = flags;
  entry.channel = start.channel;
  entry.enter = [&]() -> Result<void> {
    TRY(set_oom_score_adj(start.plan.process));
    // Nobody who lives there may look into this program. With maps still to be written newuidmap must.
    if ((flags & CLONE_NEWUSER) == 0) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return enter_namespaces(start.plan);
  };
  entry.body = [&]() -> Result<void> { run_first_steps(start); };
  TRY_SET(Entered entered, clone_from_within(entry));
  return Cloned{entered.pid, std::move(entered.pidfd)};
}

// Whether the parent has anything to do between the clone and MAPPED.
bool needs_preparation(const Plan& plan, const InitOptions& options) {
  return has_foreign_user_namespace(plan) || shows_namespaces(plan) ||
         (makes_namespace(plan, CLONE_NEWNET) && options.opens_network);
}

}  // namespace

bool runs_through(const Plan& plan, const InitOptions& options) {
  if (!can_share_memory() || !options.placed || options.start_listener >= 0) return false;
  if (needs_preparation(plan, options) || needs_entry(plan) || plan.overlay_fuse || plan.rootfs.empty()) return false;
  if (makes_namespace(plan, CLONE_NEWTIME) || joins_namespace(plan, CLONE_NEWTIME)) return false;
  return plan.create_container.empty() && plan.start_container.empty() && plan.process.seccomp_listener_path.empty();
}

Result<InitProcess> clone_init(const Plan& plan, const Stdio& stdio, const InitOptions& options) {
  TRY_SET(ChannelPair channel, make_channel());
  // What can be said before it exists it need not wait for.
  const bool prepared_before = !needs_preparation(plan, options);
  if (prepared_before) {
    send_message(channel.parent.get(), Message::kMapped);
    if (options.placed) send_message(channel.parent.get(), Message::kPlaced);
  }
  const bool through = options.at_birth && runs_through(plan, options);
  if (through) send_message(channel.parent.get(), Message::kGo);
  const bool foreign = has_foreign_user_namespace(plan);
  FirstProcessStart start{plan, stdio, options, own_program(), channel.child.get(), foreign && !has_admin_rights()};
  const std::uint64_t flags = cloned_namespaces(plan);
  const auto clone = needs_entry(plan) ? clone_by_entry : through ? clone_sharing : clone_directly;
  TRY_SET(Cloned cloned, clone(start, flags));
  channel.child.reset();
  // What the process that was to enter the namespaces could not do, it has told.
  if (cloned.pid < 0) TRY(expect_message(channel.parent.get(), Message::kReady));
  InitProcess out;
  out.pid_ = cloned.pid;
  out.own_ = start.own;
  out.runs_through_ = through;
  out.pidfd_ = std::move(cloned.pidfd);
  out.channel_ = std::move(channel.parent);
  if (prepared_before) return out;
  auto prepared = out.prepare(plan, options, start.opens_sources);
  if (prepared.ok()) {
    if (options.placed) out.placed();
    return out;
  }
  // It waits for what will not come.
  out.channel_.reset();
  while (waitpid(out.pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  return std::move(prepared).error();
}

Result<void> InitProcess::prepare(const Plan& plan, const InitOptions& options, bool opens_sources) {
  const std::string proc = "/proc/" + std::to_string(pid_);
  const bool network = makes_namespace(plan, CLONE_NEWNET);
  const bool told = shows_namespaces(plan);
  Fd mounts, user;
  if (told) {
    TRY(expect_message(channel_.get(), Message::kNamespace, &mounts));
    TRY(expect_message(channel_.get(), Message::kNamespace, &user));
    if (network) TRY(expect_message(channel_.get(), Message::kNamespace, &network_namespace_));
  } else if (network && options.opens_network) {
    // Before the process changes its IDs, after which its parent may no longer look into it.
    TRY_SET(network_namespace_, open_file(proc + "/ns/net", O_RDONLY));
  }
  if (makes_namespace(plan, CLONE_NEWUSER)) TRY(write_id_maps(pid_, plan.uid_map, plan.gid_map));
  if (has_foreign_user_namespace(plan) && !opens_sources) {
    if (!told) {
      TRY_SET(mounts, open_file(proc + "/ns/mnt", O_RDONLY));
      TRY_SET(user, open_file(proc + "/ns/user", O_RDONLY));
    }
    TRY(send_sources(plan, mounts.get(), user.get(), channel_.get()));
  }
  send_message(channel_.get(), Message::kMapped);
  return {};
}

void InitProcess::placed() { send_message(channel_.get(), Message::kPlaced); }

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
  if (!runs_through_) send_message(channel_.get(), Message::kGo);
  auto ended = expect_exec(channel_.get(), pid_, own_);
  channel_.reset();
  return ended;
}

Result<void> start_waiting(int connection, pid_t pid) {
  if (pid > 0) return go_and_expect_exec(connection, pid, own_program());
  send_message(connection, Message::kGo);
  return expect_end(connection);
}

}  // namespace creel::engine::runtime
