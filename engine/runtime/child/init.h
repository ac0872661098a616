// Creating the container's first process, and joining a container for exec.
//
// Who runs this: clone_init() and its methods in creel-monitor, root in the engine's user namespace (or real root), and in
// creel-runtime, with whatever rights its caller has; exec_in_container() in `creel exec` and creel-runtime. All of them
// single-threaded. The conversation is a fixed order, see channel.h.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/runtime/child/own_program.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

// Descriptors that become 0, 1, 2 of the container's process. With a terminal all three are ignored: the child makes
// a pty in the container's own devpts and its main side comes back in InitProcess::terminal.
struct Stdio {
  int in = -1, out = -1, err = -1;
};

struct InitOptions {
  int cgroup = -1;              // directory of the group to be cloned into (CLONE_INTO_CGROUP); -1: the parent's own
  bool die_with_parent = true;  // PR_SET_PDEATHSIG; off where the parent ends before the container (OCI create)
  // A listening SOCK_SEQPACKET socket: once ready, the process waits there for who starts it (OCI start), not on the
  // channel to its parent.
  int start_listener = -1;
  // The parent has nothing more to do for the control group after the clone: the process does not wait for placed().
  bool placed = false;
  bool opens_network = true;  // network_namespace() is wanted
  // The caller has nothing to do until the exec: where runs_through() says so the process shares its memory until then
  // (sharing.h), clone_init() returns when the exec has happened or failed, and GO is not waited for. This is called
  // in the process, at its birth, with its number, and with the rights and the view of files that the caller has.
  std::function<Result<void>(pid_t)> at_birth;
  // What becomes of Plan's preserve_fds, in their order; empty: the caller has them at these numbers already.
  std::vector<int> preserved;
};

class InitProcess {
 public:
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  // The container's own new network namespace; -1: it has none, or nobody wanted it.
  [[nodiscard]] int network_namespace() const { return network_namespace_.get(); }
  // The control group is what it will be: the child makes its cgroup namespace and mounts cgroup file systems. Until it
  // is called the child gets no further than that, and never to its pivot: createRuntime hooks come before.
  void placed();
  // Waits until all is set up but the exec; starts what serves the root file system where the kernel cannot. An error is
  // the child's own: code, errno, text. `plan`: the one it was cloned with.
  Result<void> wait_ready(const Plan& plan);
  // The pty's main side; valid after wait_ready() of a plan with a terminal.
  Fd take_terminal() { return std::move(terminal_); }
  // Lets it exec, and waits for that. With at_birth it is under way already, and this looks at what came of it. kCommandAbsent (127), kCannotInvoke (126), else what failed.
  Result<void> go();

 private:
  friend Result<InitProcess> clone_init(const Plan& plan, const Stdio& stdio, const InitOptions& options);
  Result<void> prepare(const Plan& plan, const InitOptions& options, bool opens_sources);
  pid_t pid_ = -1;
  bool runs_through_ = false;
  OwnProgram own_;
  Fd pidfd_, channel_, terminal_, network_namespace_;
};

// clone3(2) with all new namespaces at once; those to join are joined by the child (or before, by a process that makes it
// from within, where the kernel demands that). Returns as soon as the process exists: its network namespace can be attached
// to while it mounts. The next call is placed(), if it was not promised. Errors of clone are translated (EPERM, ENOSPC, EINVAL have different cures).
Result<InitProcess> clone_init(const Plan& plan, const Stdio& stdio, const InitOptions& options = {});

// Whether `options.at_birth` can be: there is nothing that the process would wait for, or that may take long.
bool runs_through(const Plan& plan, const InitOptions& options);

// OCI start: `connection` is connected to the listener that the process waits on, which is `pid` (-1: not known, and what it
// executes is not looked at again). Errors as go().
Result<void> start_waiting(int connection, pid_t pid = -1);

// `creel exec`: forks a child that joins all namespaces of the process behind `pidfd` at once (setns(2) with the pidfd),
// makes the process in the PID namespace with CLONE_PARENT, applies `plan` and execs. It is born in `cgroup`.
struct ExecRequest {
  int pidfd = -1;                 // of the container's first process
  ProcessPlan plan;
  Stdio stdio;                    // ignored with a terminal
  int cgroup = -1;                // directory of the container's group; -1: the caller's own
};
struct ExecProcess {
  pid_t pid = -1;                 // of the exec'd process, a child of the caller (CLONE_PARENT)
  Fd pidfd;
  Fd terminal;                    // main side of the pty, with a terminal
};
// Forks, joins, execs; returns when the exec has happened or failed (kCommandAbsent, kCannotInvoke, …).
Result<ExecProcess> exec_in_container(const ExecRequest& request);

}  // namespace creel::engine::runtime
