// The parts of the first process's work, in the order in which child_main (init.cc) and join.cc run them.
// Who runs this: the container's own process, single-threaded, with all rights in its user namespace.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/runtime/child/init.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

// namespaces.cc. A process with `flags` new namespaces; 0 in the child. Errors have their cures.
Result<pid_t> clone_process(std::uint64_t flags, Fd* pidfd);
Result<void> join_namespaces(const std::vector<NamespaceStep>& namespaces);
// SIGKILL when the parent dies; again after every change of credentials, which clears it. `channel` tells whether it lives.
Result<void> die_with_parent(int channel);

// rootfs.cc
Result<Fd> mount_root(const Plan& plan);
Result<void> enter_root(int root);
Result<Fd> resolve_making(int root, const std::string& path, bool directory);

// mounts.cc
Result<void> run_mount_step(int root, const MountStep& step);
Result<void> write_sysctls(const Plan& plan);

// user_lookup.cc. Inside the container: fills the numbers from its own files, and HOME where absent.
Result<void> look_up_user(ProcessPlan& plan);

// terminal.cc. Makes a pty in the container's devpts, makes it 0, 1, 2; returns the main side.
Result<Fd> make_terminal(const ProcessPlan& plan, bool console);
Result<void> take_stdio(const Stdio& stdio);

// rights.cc. Everything that needs rights but happens before them being dropped; then the drop; then the filter.
Result<void> drop_rights(const ProcessPlan& plan, int channel);
Result<void> set_limits(const ProcessPlan& plan);

// init.cc. The number that a pidfd stands for in this PID namespace.
Result<pid_t> pid_of(int pidfd);

// exec.cc
Result<void> enter_cwd(const ProcessPlan& plan);
// The command as a path that exists and may be run.
Result<std::string> find_command(const ProcessPlan& plan, int own_program);
Error exec_command(const ProcessPlan& plan, const std::string& path);
void reset_signals();

}  // namespace creel::engine::runtime
