#include "engine/runtime/instance/exec.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/capability_names.h"
#include "engine/runtime/child/descriptors.h"
#include "engine/runtime/child/init.h"
#include "engine/runtime/compile.h"
#include "engine/runtime/instance/attend.h"
#include "engine/runtime/instance/console_socket.h"
#include "engine/runtime/spec_json.h"

namespace creel::engine::runtime {

namespace {

constexpr std::size_t kMaxProcess = 16 << 20;

// process.json on top of what the container has: what it leaves out is the container's own, its seccomp filter always.
Result<ProcessPlan> from_file(const ProcessPlan& container, const std::string& path) {
  TRY_SET(const std::string text, path == "-" ? read_all(STDIN_FILENO, kMaxProcess) : read_file(path, kMaxProcess));
  TRY_SET(Process process, process_from_json(text));
  TRY_SET(ProcessPlan plan, compile_process(process, {SeccompKind::kUnconfined, {}}));
  const nlohmann::json given = nlohmann::json::parse(text, nullptr, false);
  if (!given.contains("capabilities")) {
    plan.cap_bounding = container.cap_bounding;
    plan.cap_effective = container.cap_effective;
    plan.cap_permitted = container.cap_permitted;
    plan.cap_inheritable = container.cap_inheritable;
    plan.cap_ambient = container.cap_ambient;
  }
  if (plan.apparmor_profile.empty()) plan.apparmor_profile = container.apparmor_profile;
  if (plan.selinux_label.empty()) plan.selinux_label = container.selinux_label;
  if (!given.contains("oomScoreAdj")) {
    plan.set_oom_score_adj = container.set_oom_score_adj;
    plan.oom_score_adj = container.oom_score_adj;
  }
  if (!given.contains("rlimits")) plan.rlimits = container.rlimits;
  return plan;
}

// -u NAME|UID[:GROUP|GID]; names are looked up in the container.
void set_user(ProcessPlan& plan, const std::string& user) {
  plan.user = {};
  plan.user.name = user;
}

Result<ProcessPlan> from_flags(ProcessPlan plan, const ExecOptions& options) {
  plan.args = options.args;
  plan.terminal = options.terminal;
  plan.rows = plan.columns = 0;
  plan.env.insert(plan.env.end(), options.env.begin(), options.env.end());
  if (!options.cwd.empty()) plan.cwd = options.cwd;
  if (plan.cwd[0] != '/') return fail(Code::kInvalid, "--cwd " + plan.cwd + ": an absolute path is expected");
  if (!options.user.empty()) set_user(plan, options.user);
  for (const std::int64_t gid : options.additional_gids) {
    if (gid < 0 || gid > UINT32_MAX)
      return fail(Code::kInvalid, "--additional-gids " + std::to_string(gid) + ": not a group ID");
    plan.user.groups.push_back(static_cast<std::uint32_t>(gid));
  }
  TRY_SET(const std::uint64_t more, capability_mask(options.capabilities));
  for (std::uint64_t* set : {&plan.cap_bounding, &plan.cap_effective, &plan.cap_permitted}) *set |= more;
  // Ambient capabilities are both inheritable and permitted; without them another user than root would get none.
  if (more != 0) {
    plan.cap_inheritable |= more;
    plan.cap_ambient |= more;
  }
  if (options.no_new_privileges) plan.no_new_privileges = *options.no_new_privileges;
  if (!options.apparmor_profile.empty()) plan.apparmor_profile = options.apparmor_profile;
  if (!options.selinux_label.empty()) plan.selinux_label = options.selinux_label;
  return plan;
}

Result<Fd> group_of(const Instance& instance, const std::string& beneath) {
  if (instance.record().cgroup.empty()) {
    if (beneath.empty()) return Fd();
    TRY(instance.cgroup());
  }
  TRY_SET(const Cgroup group, Cgroup::open(instance.record().cgroup));
  if (beneath.empty()) {
    TRY_SET(const Cgroup joined, group.joinable(instance.record().pid));
    return open_at(joined.fd(), ".", O_RDONLY | O_DIRECTORY);
  }
  // The name is the caller's, the tree the container's.
  return open_beneath(group.fd(), beneath, O_RDONLY | O_DIRECTORY);
}

}  // namespace

Result<int> exec_in(const Instance& instance, const ExecOptions& options) {
  const Status status = instance.status();
  if (status == Status::kStopped)
    return fail(Code::kInUse, "cannot exec in a stopped container: container not running");
  if (status == Status::kPaused && !options.ignore_paused) {
    return fail(Code::kInUse, "cannot exec in a paused container").with_hint("resume it, or use --ignore-paused");
  }
  TRY_SET(const Fd container, instance.process());
  TRY_SET(const Plan plan, instance.plan());
  ExecRequest request;
  request.pidfd = container.get();
  if (options.process_file.empty()) {
    TRY_SET(request.plan, from_flags(plan.process, options));
  } else {
    TRY_SET(request.plan, from_file(plan.process, options.process_file));
  }
  if (request.plan.args.empty()) return fail(Code::kInvalid, "no command specified");
  // The container's filter, not its listener: that one belongs to the first process.
  request.plan.seccomp = plan.process.seccomp;
  request.plan.seccomp_flags = plan.process.seccomp_flags;
  TRY_SET(request.plan.preserve_fds, inherited_descriptors(options.preserve_fds));
  request.stdio = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};

  Fd console;
  if (!options.console_socket.empty()) {
    if (!request.plan.terminal)
      return fail(Code::kInvalid, "--console-socket: no terminal is asked for (--tty, or process.terminal)");
    TRY_SET(console, connect_console_socket(options.console_socket));
  } else if (options.detach && request.plan.terminal) {
    return fail(Code::kInvalid, "a detached terminal that nobody would hold").with_hint("add --console-socket");
  }
  winsize size{};
  if (request.plan.terminal && !console.valid() && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
    request.plan.rows = size.ws_row;
    request.plan.columns = size.ws_col;
  }
  TRY_SET(const Fd group, group_of(instance, options.cgroup));
  request.cgroup = group.get();

  TRY_SET(ExecProcess process, exec_in_container(request));
  if (console.valid()) {
    TRY(send_terminal(console.get(), process.terminal.get()));
    process.terminal.reset();
  }
  if (!options.pid_file.empty()) TRY(write_atomic(options.pid_file, std::to_string(process.pid), 0644));
  if (options.detach) return 0;
  return attend(process.pid, process.pidfd.get(), process.terminal.get());
}

}  // namespace creel::engine::runtime
