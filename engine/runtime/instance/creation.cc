#include "engine/runtime/instance/creation.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "base/unix_socket.h"
#include "engine/runtime/instance/attend.h"
#include "engine/runtime/instance/console_socket.h"
#include "engine/runtime/instance/hooks.h"

namespace creel::engine::runtime {

namespace {

// Whole-file writes into a directory that nobody reads yet: no need of a rename each.
Result<void> write_new(int dir, const char* name, const std::string& data) {
  TRY_SET(Fd file, open_at(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600));
  return write_all(file.get(), data);
}

}  // namespace

Creation::~Creation() {
  if (!published_ && dir_.valid()) undo();
}

Result<void> Creation::prepare(bool waits_for_start) {
  TRY_SET(bundle_, load_bundle(options_.bundle));
  if (!options_.console_socket.empty()) {
    if (!plan().process.terminal) {
      return fail(Code::kInvalid, "--console-socket: config.json asks for no terminal (process.terminal)");
    }
    TRY_SET(console_, connect_console_socket(options_.console_socket));
  } else if (plan().process.terminal && plan().process.rows == 0) {
    // From its first moment: what asks for the size does not ask twice.
    winsize size{};
    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
      bundle_.plan.process.rows = size.ws_row;
      bundle_.plan.process.columns = size.ws_col;
    }
  }
  TRY_SET(dir_, root_.claim(options_.bundle.id));
  // Without hooks to come first, the process need not wait for its record: it ends with this one until it has started.
  const bool at_once = !waits_for_start && plan().create_runtime.empty();
  TRY(clone(waits_for_start, at_once));
  if (!entered_) TRY(write_state(process_.pid()));
  TRY(run_hooks(plan().create_runtime, plan(), process_.pid(), "creating"));
  if (!at_once) process_.placed();
  TRY(process_.wait_ready(plan()));
  created_ = true;
  return hand_over_terminal();
}

Result<void> Creation::clone(bool waits_for_start, bool at_once) {
  TRY_SET(CgroupPlacement placement, CgroupPlacement::begin(plan().cgroup));
  placement_.emplace(std::move(placement));
  InitOptions how;
  how.cgroup = placement_->clone_into();
  how.die_with_parent = false;
  how.opens_network = false;
  how.placed = at_once && placement_->placed_by_clone();
  if (waits_for_start) {
    TRY_SET(listener_, listen_unix(dir_.get(), kStartSocket, SOCK_SEQPACKET, 1));
    how.start_listener = listener_.get();
  }
  const bool through = at_once && runs_through(plan(), how);
  if (through) {
    // Before the process is there: it does not wait for us. It enters itself in the state, or it would run unknown where this
    // one is killed meanwhile.
    TRY(placement_->finish(-1));
    how.at_birth = [this](pid_t pid) -> Result<void> {
      TRY(write_state(pid));
      return enter_state();
    };
  }
  TRY_SET(process_, clone_init(plan(), {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}, how));
  cloned_ = true;
  // A device filter among it: the exec is not before all of this.
  if (!through) TRY(placement_->finish(process_.pid()));
  if (at_once && !how.placed) process_.placed();
  return {};
}

// While the process mounts.
Result<void> Creation::write_state(pid_t pid) {
  record_.id = options_.bundle.id;
  record_.bundle = bundle_.path;
  record_.rootfs = bundle_.rootfs;
  record_.annotations = bundle_.annotations;
  record_.pid = pid;
  record_.start_time = process_start_time(pid);
  record_.boot = boot_id();
  record_.created_ns = now_ns();
  record_.owner = geteuid();
  record_.cgroup = placement_->cgroup().path();
  TRY(write_new(dir_.get(), kRecordBeingMade, encode_record(record_)));
  return write_new(dir_.get(), kPlan, encode(plan()));
}

Result<void> Creation::hand_over_terminal() {
  if (!console_.valid()) return {};
  const Fd terminal = process_.take_terminal();
  if (!terminal.valid()) return fail(Code::kFailed, "the container made no terminal");
  return send_terminal(console_.get(), terminal.get());
}

Result<void> Creation::publish() {
  if (!options_.pid_file.empty()) TRY(write_atomic(options_.pid_file, std::to_string(process_.pid()), 0644));
  if (!entered_) TRY(enter_state());
  published_ = true;
  return {};
}

Result<void> Creation::enter_state() {
  if (renameat(dir_.get(), kRecordBeingMade, dir_.get(), kRecord) != 0) return errno_error("recording the container");
  entered_ = true;
  return {};
}

Result<void> Creation::go() {
  auto gone = process_.go();
  if (gone.ok()) gone = run_hooks(plan().poststart, plan(), process_.pid(), "running");
  if (!gone.ok()) {
    published_ = false;
    return gone;
  }
  // It may be deleted by another from now on.
  if (flock(dir_.get(), LOCK_UN) != 0) return errno_error("unlocking the container");
  return {};
}

Result<int> Creation::attend(int terminal) {
  return runtime::attend(process_.pid(), process_.pidfd(), terminal);
}

Result<void> Creation::remove() {
  while (flock(dir_.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return errno_error("locking the container");
  }
  struct stat info {};
  if (published_ && fstatat(dir_.get(), kRecord, &info, AT_SYMLINK_NOFOLLOW) != 0) return {};  // deleted by another
  if (placement_ && placement_->cgroup().valid()) {
    TRY(remove_cgroup(plan().cgroup, placement_->cgroup().path()));
  }
  auto hooks = run_hooks(plan().poststop, plan(), 0, "stopped");
  TRY(root_.forget(options_.bundle.id));
  dir_.reset();
  return hooks;
}

void Creation::undo() {
  if (cloned_) {
    (void)pidfd_signal(process_.pidfd(), SIGKILL).ok();
    (void)reap(process_.pid());
  }
  if (!options_.pid_file.empty() && created_) unlink(options_.pid_file.c_str());
  (void)remove().ok();
}

}  // namespace creel::engine::runtime
