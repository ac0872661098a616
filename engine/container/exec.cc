// exec: a process beside the container's first one. Runs as the caller; the forked child joins the container's
// namespaces (engine/runtime/child). No monitor in between: the process is this one's child.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/process.h"
#include "base/timing.h"
#include "engine/container/container.h"
#include "engine/container/control_group.h"
#include "engine/container/exec_plan.h"
#include "engine/container/external_runtime.h"
#include "engine/container/passes.h"
#include "engine/container/spec_passes.h"
#include "engine/container/state.h"
#include "engine/event/event.h"
#include "engine/runtime/child/init.h"
#include "engine/runtime/compile.h"
#include "engine/secret/use.h"

namespace creel::engine {

namespace {

Result<runtime::Process> make_exec_process(Engine& engine, const ContainerConfig& config, const ExecOptions& options) {
  const std::string user = options.user.empty() ? config.user : options.user;
  TRY_SET(runtime::Process process, make_process(config, user));
  TRY(add_groups(engine, config, process));
  TRY(add_secret_environment(engine, config.secrets, process.env));
  process.terminal = options.tty;
  process.args = options.command;
  process.preserve_fds = options.preserve_fds;
  if (options.tty && !has_env(process.env, "TERM")) set_env(process.env, "TERM", "xterm");
  if (!options.env.empty() || !options.env_file.empty()) {
    const std::vector<std::string> host = host_environment();
    for (const std::string& path : options.env_file) TRY(add_env_file(path, host, process.env));
    for (const std::string& entry : options.env) TRY(add_env(entry, host, process.env));
  }
  if (!options.workdir.empty()) process.cwd = options.workdir;
  if (options.privileged) {
    process.apparmor_profile.clear();
    const std::vector<std::string> all = every_capability();
    process.capabilities = {all, all, {}, all, {}};
  }
  winsize size{};
  if (options.tty && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
    process.rows = size.ws_row;
    process.columns = size.ws_col;
  }
  return process;
}

Result<runtime::ProcessPlan> compile_exec(const ContainerConfig& config, const runtime::Process& process, bool privileged) {
  const runtime::Seccomp seccomp = privileged ? runtime::Seccomp{runtime::SeccompKind::kUnconfined, {}} : make_seccomp(config);
  TRY_SET(runtime::ProcessPlan plan, runtime::compile_process(process, seccomp));
  plan.keep_groups = config.annotations.contains(kKeepGroups);
  return plan;
}

// One exec, whichever runtime does it.
struct Work {
  Engine& engine;
  const ContainerConfig& config;
  const monitor::Observed& observed;
  int pidfd;                     // of the container's first process
  const runtime::Cgroup& group;  // the container's; invalid: it has none
  runtime::Process process;
  const ExecOptions& options;

  [[nodiscard]] Result<runtime::ExecProcess> start(const runtime::Stdio& stdio) const {
    if (has_external_runtime(config)) {
      TRY_SET(runtime::ExecProcess started, exec_by_runtime(engine, config, observed, process, stdio));
      // One that has ended by now needs no place.
      if (group.valid()) (void)group.add(started.pid).ok();
      return started;
    }
    runtime::ExecRequest request;
    TRY_SET(request.plan, compile_exec(config, process, options.privileged));
    request.pidfd = pidfd;
    if (group.valid()) request.cgroup = group.fd();
    request.stdio = stdio;
    return runtime::exec_in_container(request);
  }
};

// A terminal of the host never enters a container: whoever holds one may type into it. Streams that are terminals go
// through a pipe, all others (files, pipes, /dev/null) as they are.
struct Channel {
  Fd inside;   // the container's end; invalid: `direct` is used
  Fd outside;  // ours
  int direct = -1;
  [[nodiscard]] int for_child() const { return inside.valid() ? inside.get() : direct; }
};

Result<Channel> make_channel(int stream, bool by_pipe = false) {
  Channel out;
  if (!by_pipe && !isatty(stream)) {
    out.direct = stream;
    return out;
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a pipe");
  const bool input = stream == STDIN_FILENO;
  out.inside = Fd(ends[input ? 0 : 1]);
  out.outside = Fd(ends[input ? 1 : 0]);
  return out;
}

// Moves one read's worth. False: this direction is over.
bool move_some(int from, int to) {
  char buffer[16384];
  const ssize_t size = read(from, buffer, sizeof buffer);
  if (size < 0) return errno == EINTR || errno == EAGAIN;
  if (size == 0) return false;
  return write_all(to, std::string_view(buffer, static_cast<std::size_t>(size))).ok();
}

// Until both outputs are closed, or the process has ended and what it wrote is written.
void relay_pipes(Channel& in, Channel& out, Channel& err, int pidfd) {
  bool ended = false;
  while (out.outside.valid() || err.outside.valid() || (in.outside.valid() && !ended)) {
    pollfd entries[4] = {{in.outside.valid() ? STDIN_FILENO : -1, POLLIN, 0},
                         {out.outside.get(), POLLIN, 0},
                         {err.outside.get(), POLLIN, 0},
                         {ended ? -1 : pidfd, POLLIN, 0}};
    const int ready = poll(entries, 4, ended ? 0 : -1);
    if (ready < 0 && errno != EINTR) return;
    if (ready <= 0 && ended) return;
    if (entries[0].revents != 0 && !move_some(STDIN_FILENO, in.outside.get())) in.outside.reset();
    if (entries[1].revents != 0 && !move_some(out.outside.get(), STDOUT_FILENO)) out.outside.reset();
    if (entries[2].revents != 0 && !move_some(err.outside.get(), STDERR_FILENO)) err.outside.reset();
    if (entries[3].revents != 0) ended = true;
  }
}

int exit_code_of(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return 125;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Result<StartOutcome> exec_with_terminal(const Work& work, const ExecOptions& options) {
  monitor::RelayOptions relay;
  relay.terminal = isatty(STDIN_FILENO);
  relay.stdin_open = options.interactive;
  relay.sig_proxy = false;
  relay.detach_keys = options.detach_keys;
  TRY(monitor::parse_detach_keys(relay.detach_keys));
  TRY_SET(runtime::ExecProcess process, work.start({}));
  relay.pid = process.pid;
  relay.pidfd = process.pidfd.get();
  TRY_SET(monitor::RelayResult result, monitor::relay_terminal(process.terminal.get(), process.pidfd.get(), relay));
  StartOutcome outcome;
  outcome.detached = result.detached;
  if (result.detached) return outcome;
  int status = 0;
  const pid_t reaped = waitpid(process.pid, &status, 0);
  if (reaped < 0)
    outcome.exit_code = result.exit_code;  // the relay has reaped it
  else
    outcome.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return outcome;
}

Result<StartOutcome> exec_with_streams(const Work& work, const ExecOptions& options) {
  Fd nothing;
  if (!options.interactive || options.detach) {
    TRY_SET(nothing, open_file("/dev/null", O_RDWR));
  }
  StartOutcome outcome;
  if (options.detach) {
    TRY(work.start({nothing.get(), nothing.get(), nothing.get()}));
    outcome.detached = true;
    return outcome;
  }
  Channel in, out, err;
  in.direct = nothing.get();
  if (options.interactive) {
    TRY_SET(in, make_channel(STDIN_FILENO));
  }
  TRY_SET(out, make_channel(options.output >= 0 ? options.output : STDOUT_FILENO));
  // Another runtime says on it what is wrong, which its log says too: that is shown once.
  TRY_SET(err, make_channel(STDERR_FILENO, has_external_runtime(work.config)));
  TRY_SET(runtime::ExecProcess started, work.start({in.for_child(), out.for_child(), err.for_child()}));
  timing::mark("namespaces joined, command started");
  for (Channel* channel : {&in, &out, &err}) channel->inside.reset();
  if (in.outside.valid() || out.outside.valid() || err.outside.valid()) {
    signal(SIGPIPE, SIG_IGN);  // a process that closes its input does not end us
    relay_pipes(in, out, err, started.pidfd.get());
  }
  outcome.exit_code = exit_code_of(started.pid);
  timing::mark("command ended");
  return outcome;
}

}  // namespace

Result<runtime::ProcessPlan> plan_exec(Engine& engine, const ContainerConfig& config, const ExecOptions& options) {
  TRY_SET(const runtime::Process process, make_exec_process(engine, config, options));
  return compile_exec(config, process, options.privileged);
}

Result<StartOutcome> exec(Engine& engine, const std::string& name, const ExecOptions& options) {
  if (options.command.empty())
    return fail(Code::kInvalid, "must provide a non-empty command to start an exec session: invalid argument");
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  const monitor::Observed observed = observe(engine, record.id);
  auto pidfd = first_process(observed);
  if (!pidfd.ok() || observed.status != monitor::Status::kRunning) {
    return fail(Code::kInUse, "can only create exec sessions on running containers: container state improper");
  }
  TRY_SET(ContainerConfig config, config_of(record));
  timing::mark("container found");
  TRY_SET(runtime::Process process, make_exec_process(engine, config, options));
  TRY_SET(const runtime::Cgroup group, enter_control_group(record.id, observed));
  record_container(engine, record, "exec");
  timing::mark("process planned");
  const Work work{engine, config, observed, pidfd->get(), group, std::move(process), options};
  auto ended = options.tty && !options.detach ? exec_with_terminal(work, options) : exec_with_streams(work, options);
  // Of one that is detached nobody hears.
  if (ended.ok() && !ended->detached) record_container(engine, record, "exec_died", ended->exit_code);
  return ended;
}

}  // namespace creel::engine
