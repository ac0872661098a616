// How the CLI talks to a monitor: starting one, being attached to one.
//
// Thread-safety: none; one thread. The wire protocol (SOCK_SEQPACKET, engine/monitor/shared/protocol.h) is private to
// engine/monitor: both ends are always the same version.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/lock.h"
#include "base/result.h"
#include "engine/monitor/shared/job.h"
#include "rootless/userns.h"

namespace creel::engine::monitor {

// One message from the container to an attached client.
struct Event {
  enum class Kind : std::uint8_t {
    kStdout,
    kStderr,  // data
    kExit,    // code
    kStarted,  // it has been restarted: pid
    kClosed,  // the monitor is gone without an exit: it was killed
  };
  Kind kind = Kind::kClosed;
  std::string data;
  int exit_code = 0;
  pid_t pid = 0;
};

// An attached client's end. Closing it detaches.
class Attachment {
 public:
  explicit Attachment(Fd socket) : socket_(std::move(socket)) {}
  [[nodiscard]] int fd() const { return socket_.get(); }  // for poll(2)
  Result<Event> receive();                                // blocks
  Result<void> send_stdin(std::string_view data);         // blocks when the container does not read
  Result<void> close_stdin();
  Result<void> resize(std::uint16_t rows, std::uint16_t columns);
  // Whatever its restart policy says, it is not started again.
  void end_restarts();
  // Of a container that is initialized: has its command begun, and returns its PID. kInUse: it has ended, or somebody else has
  // started it. Errors are the monitor's or the child's own (kCommandAbsent, kCannotInvoke, …).
  Result<pid_t> start();
  // --rm, after kExit: tells the monitor that this client removes the record …
  void take_cleanup();
  // … and that it has: the files are the monitor's to remove, and nobody waits for that.
  void forgotten();

 private:
  Fd socket_;
};

// A monitor that is being started. The order of calls is the order here.
class Launch {
 public:
  // kNotYet: all but the command itself, which start_initialized() has begun. kAttached: as an attached client from the first byte.
  enum class Begin : std::uint8_t { kNow, kAttached, kNotYet };
  // Starts creel-monitor at once (vfork + exec of the static program) and, for a user, has it join or make the user
  // namespace (newuidmap and newgidmap are started by this process) while the caller goes on with other work.
  // <runtime>/userns.lock sees to it that there is one namespace per user.
  // `join`: a descriptor of the user namespace that must be used (container:X, ns:PATH), else -1.
  static Result<Launch> begin(rootless::Identity identity, const std::string& runtime_dir, int join = -1);
  // Sends the job: the container's process is created, networked, set up and started. The descriptors that its plan
  // preserves are this process's.
  // `namespaces`: what "fd:0", "fd:1", … in the plan stand for.
  Result<void> give(const Job& job, Begin begin, const std::vector<int>& namespaces = {});
  // Returns when it has exec'd, or with kNotYet could be (its state record is written). Errors are the monitor's or the child's own (kCommandAbsent,
  // kCannotInvoke, …).
  Result<pid_t> started();
  // After started() with kAttached: the stream.
  Attachment attachment() &&;
  // A job that the monitor itself has asked for, on `socket`: give(), started(), and no more. An error is the monitor's to hear.
  static Launch asked_for(Fd socket);
  void refuse(const Error& error);
  [[nodiscard]] pid_t monitor_pid() const { return pid_; }

  Launch(Launch&& other) noexcept;
  Launch& operator=(Launch&&) = delete;
  // Of one that was given no job: the monitor goes.
  ~Launch();

 private:
  Launch() = default;
  pid_t pid_ = -1;
  Fd socket_;
  std::string runtime_dir_;
  Begin begin_ = Begin::kNow;
  bool joining_ = false;
  std::optional<FileLock> making_;  // held while this process makes the user's namespace
  std::optional<rootless::Founder> founder_;
  std::optional<rootless::Mappers> mappers_;
};

// Connects to a running container's monitor. kInUse when it does not run.
Result<Attachment> attach(const std::string& running_dir, bool want_stdin, bool want_output);

// Has a running container's health check run now. kInUse when the container does not run, or ends meanwhile; kUnavailable when
// the probe could not be made.
Result<bool> probe_health(const std::string& running_dir);

// Has the monitor end its container, by `signal` (0: its own) and by SIGKILL after `timeout_s`, and start it anew. Returns when it runs again. kInUse when it
// did not run, or ended for good.
Result<void> ask_restart(const std::string& running_dir, std::uint32_t timeout_s, int signal);

// Has a container's monitor carry out another restart policy from now on, and where `health` is given another health check. Returns
// when it does. kInUse: there is no monitor, or it ends.
Result<void> change_life(const std::string& running_dir, const RestartJob& restart, const HealthJob* health);

// Waits until the container's monitor is gone (its lock released): on return observe() tells "exited". `timeout_ms` -1:
// forever. Returns false on timeout.
Result<bool> wait_gone(const std::string& running_dir, int timeout_ms);

struct RelayOptions {
  bool terminal = false;    // raw mode, SIGWINCH, detach keys
  bool stdin_open = false;  // forward our stdin
  bool out = true, err = true;
  bool sig_proxy = true;  // forward signals to `pid` when there is no terminal
  std::string detach_keys = "ctrl-p,ctrl-q";
  pid_t pid = 0;
  int pidfd = -1;
};
struct RelayResult {
  bool detached = false;
  bool monitor_lost = false;
  int exit_code = 0;
};
// Joins our stdin/stdout/stderr to the container until it ends or the user detaches. Nothing is lost: all output sent
// before the exit is written first. Restores the terminal on every path, SIGTERM included. When nobody reads our output
// any more this process ends by SIGPIPE, as any other does; where that is ignored it is an error. The container goes
// on.
Result<RelayResult> relay(Attachment& attachment, const RelayOptions& options);
// The same between our terminal and a pty's main side, for `exec -t` (no monitor in between); ends when `pidfd` does.
Result<RelayResult> relay_terminal(int pty, int pidfd, const RelayOptions& options);
// kInvalid names the bad sequence. "" disables detaching.
Result<std::string> parse_detach_keys(const std::string& text);

}  // namespace creel::engine::monitor
