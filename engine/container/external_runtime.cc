#include "engine/container/external_runtime.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/json.h"
#include "engine/monitor/shared/console_socket.h"
#include "engine/runtime/child/channel.h"
#include "engine/runtime/child/user_lookup.h"
#include "engine/runtime/compile.h"
#include "engine/runtime/spec_json.h"

namespace creel::engine {

using nlohmann::json;

namespace {

monitor::RuntimeProgram program_of(Engine& engine, const ContainerConfig& config) {
  monitor::RuntimeProgram out{config.runtime, config.runtime_path, {}, engine.paths().oci()};
  for (const std::string& flag : config.runtime_flags) out.flags.push_back(flag.rfind('-', 0) == 0 ? flag : "--" + flag);
  // The monitor sees to the container's control group; crun would make another, or refuse to start where it cannot.
  const std::string file = config.runtime_path.substr(config.runtime_path.rfind('/') + 1);
  if (file.rfind("crun", 0) == 0) out.flags.emplace_back("--cgroup-manager=disabled");
  return out;
}

void add_init(runtime::Spec& spec) {
  if (spec.init_path.empty()) return;
  spec.mounts.push_back({runtime::kInitPath, "bind", spec.init_path, {"bind", "private", "ro"}});
  spec.process.args.insert(spec.process.args.begin(), {runtime::kInitPath, "--"});
  spec.init_path.clear();
}

// These runtimes look for the bundle as root of the container's user namespace, and its directories are the caller's alone.
Result<void> check_reach(const ContainerConfig& config, const runtime::Spec& spec) {
  if (!spec.memory_files.empty()) {
    return fail(Code::kUnsupported, "--secret as a file with OCI runtime " + config.runtime + ": it would have to lie on the host's disk")
        .with_hint("Creel's own runtime keeps it in memory: --runtime creel; or give it as a variable, with type=env.");
  }
  for (const runtime::Mount& mount : spec.mounts) {
    if (mount.subpath.empty() && mount.lower.empty() && mount.source_namespace.empty()) continue;
    return fail(Code::kUnsupported, "mounting on " + mount.destination + ": OCI runtime " + config.runtime +
                                        " knows neither overlays nor parts of volumes")
        .with_hint("Creel's own runtime does: --runtime creel.");
  }
  const std::vector<runtime::IdMapping>& map = spec.uid_mappings;
  if (map.empty() || std::any_of(map.begin(), map.end(), [](const auto& range) { return range.host_id == 0; })) return {};
  return fail(Code::kUnsupported, "--userns " + config.userns + " with OCI runtime " + config.runtime +
                                      ": it could not reach the container's files, this user's ID is not mapped")
      .with_hint("Creel's own runtime can: --runtime creel; so can --userns keep-id");
}

// In a forked child. The mount namespace too: the runtime sees what it saw when it created the container.
Result<void> enter_monitor(Engine& engine, const monitor::Observed& observed) {
  const monitor::StateRecord& state = *observed.state;
  auto pidfd = pidfd_open(state.monitor_pid);
  if (!pidfd.ok() || process_start_time(state.monitor_pid) != state.monitor_start_time) {
    return fail(Code::kInUse, "the container's monitor was killed: only stop and kill reach the container");
  }
  // A health check comes from the monitor, and is in its user namespace.
  const bool outside = engine.identity() == rootless::Identity::kUser;
  if (setns(pidfd->get(), CLONE_NEWNS | (outside ? CLONE_NEWUSER : 0)) != 0) {
    return errno_error("joining the namespaces of the container's monitor");
  }
  if (!outside) return {};
  if (setgroups(0, nullptr) != 0) return errno_error("dropping supplementary groups in the user namespace");
  if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0) return errno_error("becoming root of the user namespace");
  return {};
}

template <typename Work>
Result<void> beside_monitor(Engine& engine, const monitor::Observed& observed, const Work& work) {
  if (!observed.state) return fail(Code::kInUse, "the container is not running: container state improper");
  TRY_SET(runtime::ChannelPair talk, runtime::make_channel());
  const pid_t pid = fork();
  if (pid < 0) return errno_error("fork");
  if (pid == 0) {
    auto done = enter_monitor(engine, observed);
    if (done.ok()) done = work();
    if (!done.ok()) runtime::send_error(talk.child.get(), done.error());
    _exit(0);
  }
  talk.child.reset();
  auto ended = runtime::expect_end(talk.parent.get());
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return ended;
}

// A directory for one command's files, gone with it.
class CommandDirectory {
 public:
  static Result<CommandDirectory> make(const std::string& running) {
    CommandDirectory out;
    out.name_ = "command." + random_hex(8);
    TRY_SET(out.parent_, open_file(running, O_RDONLY | O_DIRECTORY));
    out.path_ = running + "/" + out.name_;
    if (mkdirat(out.parent_.get(), out.name_.c_str(), 0700) != 0) return errno_error("making directory " + out.path_);
    return out;
  }
  CommandDirectory(CommandDirectory&&) = default;
  CommandDirectory& operator=(CommandDirectory&&) = delete;
  ~CommandDirectory() {
    if (parent_.valid()) (void)remove_tree_at(parent_.get(), name_).ok();
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  CommandDirectory() = default;
  Fd parent_;
  std::string name_, path_;
};

// The process object alone, its user looked up in the container's own files.
Result<std::string> process_text(runtime::Process process, pid_t container) {
  TRY_SET(Fd root, open_file("/proc/" + std::to_string(container) + "/root", O_PATH | O_DIRECTORY));
  const runtime::User& user = process.user;
  TRY_SET(const runtime::ResolvedUser resolved,
          runtime::resolve_user(root.get(), {user.uid, user.gid, user.additional_gids, user.name}));
  process.user.uid = resolved.uid;
  process.user.gid = resolved.gid;
  process.user.additional_gids = resolved.groups;
  process.user.name.clear();
  runtime::Spec spec;
  spec.process = std::move(process);
  spec.root_path = "/";
  spec.seccomp.kind = runtime::SeccompKind::kUnconfined;
  TRY_SET(const std::string text, runtime::to_json_text(spec));
  TRY_SET(const json document, parse_json(text, "config.json"));
  return dump_json(document.at("process"));
}

}  // namespace

Result<monitor::RuntimeJob> make_runtime_job(Engine& engine, const ContainerConfig& config, runtime::Spec spec) {
  TRY(check_reach(config, spec));
  monitor::RuntimeJob out;
  out.program = program_of(engine, config);
  spec.root_path = engine.paths().running(config.id) + "/bundle/rootfs";
  spec.overlay.reset();
  add_init(spec);
  for (runtime::Mount& mount : spec.mounts) {
    std::erase(mount.options, "U");
    mount.copy_up = false;
  }
  spec.process.create_cwd = false;
  spec.process.user = {};
  TRY_SET(const std::string text, runtime::to_json_text(spec));
  TRY_SET(json document, parse_json(text, "config.json"));
  // crun of some years ago takes no other; what later versions add, a runtime that does not know it passes over.
  document["ociVersion"] = "1.0.2";
  // Nothing in the container's configuration can look like this.
  const std::string mark = random_hex(16);
  document["process"]["user"] = mark;
  const std::string marked = dump_json(document);
  const std::size_t at = marked.find("\"" + mark + "\"");
  out.config_before_user = marked.substr(0, at);
  out.config_after_user = marked.substr(at + mark.size() + 2);
  return out;
}

Result<runtime::ExecProcess> exec_by_runtime(Engine& engine, const ContainerConfig& config, const monitor::Observed& observed,
                                             const runtime::Process& process, const runtime::Stdio& stdio) {
  TRY_SET(CommandDirectory dir, CommandDirectory::make(engine.paths().running(config.id)));
  std::vector<std::string> words = {"exec", "--detach", "--process", "process.json", "--pid-file", "pid"};
  monitor::ConsoleSocket console;
  if (process.terminal) {
    TRY_SET(console, monitor::ConsoleSocket::listen(dir.path(), "console"));
    words.insert(words.end(), {"--console-socket", "console"});
  }
  std::vector<std::pair<int, int>> passed;
  for (const std::uint32_t fd : process.preserve_fds) passed.emplace_back(static_cast<int>(fd), static_cast<int>(fd));
  monitor::add_preserved(process.preserve_fds, words);
  words.push_back(config.id);
  // The process is an orphan when the runtime has ended.
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  auto executed = beside_monitor(engine, observed, [&]() -> Result<void> {
    TRY_SET(const std::string text, process_text(process, observed.state->pid));
    TRY(write_atomic(dir.path() + "/process.json", text));
    return monitor::call_runtime(program_of(engine, config), words, dir.path(), process.terminal ? runtime::Stdio{} : stdio, passed);
  });
  TRY(std::move(executed));
  TRY_SET(const std::string text, read_file(dir.path() + "/pid", 64));
  TRY_SET(const std::int64_t pid, parse_int(trim(text), "the runtime's pid file"));
  runtime::ExecProcess out;
  out.pid = static_cast<pid_t>(pid);
  TRY_SET(out.pidfd, pidfd_open(out.pid));
  if (process.terminal) {
    TRY_SET(out.terminal, console.receive());
  }
  return out;
}

Result<void> run_runtime(Engine& engine, const ContainerConfig& config, const monitor::Observed& observed,
                         const std::vector<std::string>& words, const std::vector<std::string>& arguments) {
  TRY_SET(CommandDirectory dir, CommandDirectory::make(engine.paths().running(config.id)));
  std::vector<std::string> line = words;
  line.push_back(config.id);
  line.insert(line.end(), arguments.begin(), arguments.end());
  return beside_monitor(engine, observed,
                        [&] { return monitor::call_runtime(program_of(engine, config), line, dir.path(), {}); });
}

Result<void> signal_container(Engine& engine, const ContainerConfig& config, const monitor::Observed& observed, int pidfd,
                              int signal) {
  if (has_external_runtime(config)) {
    if (run_runtime(engine, config, observed, {"kill"}, {std::to_string(signal)}).ok()) return {};
  }
  return pidfd_signal(pidfd, signal);
}

}  // namespace creel::engine
