// run, start and attach: ARCHITECTURE.md, "One creel run".
//
// Runs as the caller, outside any namespace; what needs rights happens in the monitor.
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "base/timing.h"
#include "engine/container/claim.h"
#include "engine/container/container.h"
#include "engine/container/control_group.h"
#include "engine/container/create.h"
#include "engine/container/etc_files.h"
#include "engine/container/external_runtime.h"
#include "engine/container/joined_namespaces.h"
#include "engine/container/passes.h"
#include "engine/container/service.h"
#include "engine/container/spec_passes.h"
#include "engine/container/state.h"
#include "engine/container/user_mounts.h"
#include "engine/event/event.h"
#include "engine/health/health.h"
#include "engine/image/obtain.h"
#include "engine/runtime/child/namespace_names.h"
#include "engine/runtime/compile.h"
#include "net/slirp.h"

namespace creel::engine {

namespace {

using monitor::Launch;

// Unless told otherwise a log does not fill the disk: the last gibibyte is always there, and at most two are.
constexpr std::int64_t kUsualLogSize = std::int64_t{1} << 30;

monitor::LogDriver log_driver(const std::string& name) {
  if (name == "none") return monitor::LogDriver::kNone;
  if (name == "json-file") return monitor::LogDriver::kJsonFile;
  if (name == "journald") return monitor::LogDriver::kJournald;
  if (name.starts_with("passthrough")) return monitor::LogDriver::kPassthrough;
  return monitor::LogDriver::kK8sFile;
}

// What a service manager has opened for us is the container's: sd_listen_fds(3). Its process learns its own number at the end;
// another runtime's is told 1, which it has in a PID namespace of its own.
void pass_descriptors(const StartRequest& request, runtime::Process& process) {
  process.preserve_fds = request.preserve_fds;
  if (request.listen_fds == 0) return;
  set_env(process.env, "LISTEN_FDS", std::to_string(request.listen_fds));
  set_env(process.env, "LISTEN_PID", "1");
  if (const char* names = std::getenv("LISTEN_FDNAMES")) set_env(process.env, "LISTEN_FDNAMES", names);
}

// From here on by descriptors, which go to the monitor with the job. Another runtime's configuration has room for paths only.
std::vector<int> pass_namespaces(const JoinedNamespaces& joined, runtime::Plan& plan) {
  std::vector<int> out;
  runtime::each_namespace_name(plan, [&](std::string& name) {
    const auto found = joined.opened.find(name);
    if (found == joined.opened.end()) return;
    name = runtime::descriptor_name(static_cast<int>(out.size()));
    out.push_back(found->second.get());
  });
  return out;
}

// What is passed on would be the caller's terminal, with all that can be done to it.
Result<void> check_passthrough(const ContainerConfig& config) {
  if (config.log_driver == "passthrough-tty") return {};
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (isatty(fd)) return fail(Code::kInvalid, "the '--log-driver passthrough' option cannot be used on a TTY");
  }
  return {};
}

Result<monitor::Job> make_job(Engine& engine, const ContainerConfig& config, const JoinedNamespaces& joined,
                              const StartRequest& request) {
  SpecContext context;
  context.joined = &joined;
  winsize size{};
  if (request.attach && config.tty && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
    context.rows = size.ws_row;
    context.columns = size.ws_col;
  }
  TRY_SET(runtime::Spec spec, make_spec(engine, config, context));
  pass_descriptors(request, spec.process);
  monitor::Job job;
  job.notify = notify_job(config);
  TRY(add_notify_socket(engine, config, job.notify, spec));
  job.timing = timing::enabled;
  TRY_SET(job.plan, runtime::compile(spec, engine.rootless() || has_user_namespace(spec)));
  TRY_SET(job.plan.cgroup, plan_control_group(engine, config));
  job.plan.cgroup.resources.devices = spec.resources.devices;
  job.plan.cgroup.owner = runtime::cgroup_owner(spec);
  job.plan.process.keep_groups = config.annotations.contains(kKeepGroups);
  if (has_external_runtime(config)) {
    TRY_SET(job.runtime, make_runtime_job(engine, config, std::move(spec)));
  }
  job.id = config.id;
  job.container_dir = engine.paths().container(config.id);
  job.running_dir = engine.paths().running(config.id);
  job.runtime_dir = engine.paths().runtime;
  job.user_namespace = engine.rootless();
  job.open_stdin = config.open_stdin;
  job.keep_record = !config.remove;
  job.log_driver = log_driver(config.log_driver);
  if (job.log_driver == monitor::LogDriver::kJournald) job.journal_fields = journal_fields(config);
  if (job.log_driver == monitor::LogDriver::kPassthrough) job.open_stdin = false;
  job.log_path = config.log_path;
  job.log_max_size = config.log_max_size > 0 ? config.log_max_size : config.log_max_size < 0 ? 0 : kUsualLogSize;
  job.log_max_files = config.log_max_size == 0 ? std::max(config.log_max_files, 2) : config.log_max_files;
  job.pidfile = config.pidfile;
  job.timeout_s = config.timeout;
  job.conmon_pidfile = config.monitor_pidfile;
  TRY_SET(job.health, make_health_job(engine, config));
  job.restart = make_restart_job(engine, config);
  // A unit of `generate systemd`, which looks for its main process there.
  if (std::getenv("CREEL_SYSTEMD_UNIT") != nullptr) job.conmon_pidfile = job.running_dir + "/monitor.pid";
  job.event_log = engine.paths().event_log();
  job.event_head = event_head(config);
  if (config.remove) {
    job.cleanup_argv = engine.self_argv(true);
    job.cleanup_argv.emplace_back("__cleanup");
    job.cleanup_argv.push_back(config.id);
  }
  if (config.network.rfind("slirp4netns", 0) == 0) {
    TRY_SET(net::SlirpOptions options, net::parse_slirp_options(cut(config.network, ':').after));
    TRY_SET(net::SlirpPlan plan, net::plan_slirp(options, config.ports));
    job.network.argv = std::move(plan.argv);
    job.network.port_requests = std::move(plan.port_requests);
    job.network.port_names = std::move(plan.port_names);
  }
  return job;
}

monitor::RelayOptions relay_options(const ContainerConfig& config, const StartRequest& request, pid_t pid, int pidfd) {
  monitor::RelayOptions options;
  options.terminal = config.tty && isatty(STDIN_FILENO);
  options.stdin_open = request.interactive && config.open_stdin && log_driver(config.log_driver) != monitor::LogDriver::kPassthrough;
  options.sig_proxy = request.sig_proxy && !options.terminal;
  options.out = request.out;
  options.err = request.err;
  options.detach_keys = request.detach_keys;
  options.pid = pid;
  options.pidfd = pidfd;
  return options;
}

// Is attached until the end. `remove`: --rm, and this process does it.
Result<StartOutcome> relay_until_end(Engine& engine, const ContainerConfig& config, monitor::Attachment attachment,
                                     const monitor::RelayOptions& options) {
  TRY_SET(monitor::RelayResult result, monitor::relay(attachment, options));
  timing::mark("command ended");
  StartOutcome outcome;
  outcome.detached = result.detached;
  outcome.exit_code = result.exit_code;
  if (result.detached) return outcome;
  const std::string running_dir = engine.paths().running(config.id);
  if (result.monitor_lost) {
    // Killed, and the container's first process with it. What is left on disk is told by observe().
    (void)monitor::wait_gone(running_dir, 5000).ok();
    const monitor::Observed observed = observe(engine, config.id);
    outcome.exit_code = observed.exit ? observed.exit->code : 137;
  }
  if (config.remove) {
    const bool anonymous =
        std::any_of(config.mounts.begin(), config.mounts.end(), [](const VolumeMount& m) { return m.anonymous; });
    if (result.monitor_lost) {
      TRY(delete_container(engine, config.id, config.cidfile, anonymous));
      record_container(engine, config, {"remove"});
      return outcome;
    }
    // The record now, so that the name is free when this command ends; the files are the monitor's, which nobody waits for.
    attachment.take_cleanup();
    TRY(forget_container(engine, config.id, config.cidfile, anonymous));
    attachment.forgotten();
    timing::mark("record removed");
    record_container(engine, config, {"remove"});
    return outcome;
  }
  // The next command must not see the monitor's last millisecond as "running".
  (void)monitor::wait_gone(running_dir, 5000).ok();
  return outcome;
}

// Those of --requires.
Result<void> start_required(Engine& engine, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    auto started = start(engine, name, StartRequest{});
    if (!started.ok()) return std::move(started).error().within("starting dependency " + name);
  }
  return {};
}

Result<void> give_job(Engine& engine, Launch& launch, const ContainerConfig& config, const StartRequest& request,
                      const JoinedNamespaces& joined, Launch::Begin begin) {
  TRY(write_etc_files(engine, config));
  TRY_SET(monitor::Job job, make_job(engine, config, joined, request));
  timing::mark("plan made");
  std::vector<int> namespaces = pass_namespaces(joined, job.plan);
  if (job.log_driver == monitor::LogDriver::kPassthrough) {
    TRY(check_passthrough(config));
    namespaces.insert(namespaces.end(), {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  }
  TRY(launch.give(job, begin, namespaces));
  timing::mark("user namespace joined, job given");
  return {};
}

// `claim`: of the container; given up when it runs, where nobody but its remover can want it then.
Result<StartOutcome> start_container(Engine& engine, Launch& launch, const ContainerConfig& config,
                                     const StartRequest& request, const JoinedNamespaces& joined, Fd& claim) {
  TRY(make_running_dir(engine, config.id));
  unlink((engine.paths().container(config.id) + "/" + monitor::kStoppedMark).c_str());
  announce_monitor(config, launch.monitor_pid());
  TRY(give_job(engine, launch, config, request, joined, request.attach ? Launch::Begin::kAttached : Launch::Begin::kNow));
  TRY_SET(pid_t pid, launch.started());
  // With --rm this process removes it in the end, and no other is to be faster.
  if (!config.remove) claim.reset();
  timing::mark("command started");
  record_container(engine, config, request.attach ? std::vector<std::string>{"init", "attach", "start"} : std::vector<std::string>{"init", "start"});
  StartOutcome outcome;
  if (!request.attach) {
    outcome.detached = true;
    return outcome;
  }
  Fd pidfd;
  if (auto opened = pidfd_open(pid); opened.ok()) pidfd = std::move(*opened);
  const monitor::RelayOptions options = relay_options(config, request, pid, pidfd.get());
  return relay_until_end(engine, config, std::move(launch).attachment(), options);
}

}  // namespace

Result<StartOutcome> run(Engine& engine, const CreateOptions& options, const StartRequest& request,
                         const std::vector<std::string>& argv,
                         const std::function<void(const std::string& id)>& on_created) {
  TRY(start_required(engine, options.requires_));
  TRY_SET(const JoinedNamespaces joined, join_namespaces(engine, namespace_modes(options)));
  auto begin = [&] { return Launch::begin(engine.identity(), engine.paths().runtime, joined.user_namespace.get()); };
  // The user namespace is made while this process goes on.
  std::optional<Result<Launch>> launch(begin());
  if (!launch->ok()) return std::move(*launch).error();
  timing::mark("user namespace and monitor begun");
  TRY(engine.store(storage::Store::Access::kWrite));
  timing::mark("store opened");
  storage::ImageRecord image;
  if (!options.rootfs) {
    TRY_SET(auto found, image_at_hand(engine, options.image, options.pull, options.platform));
    if (!found) {
      // A pull takes as long as it takes, and enters the user namespace itself: nothing waits for it meanwhile.
      launch.reset();
      TRY_SET(found, pull_image(engine, options));
      launch.emplace(begin());
      if (!launch->ok()) return std::move(*launch).error();
    }
    image = std::move(*found);
    timing::mark("image found");
  }
  Fd claim;
  TRY_SET(ContainerConfig config, create_container(engine, options, argv, std::move(image), &claim));
  timing::mark("container recorded");
  if (on_created) on_created(config.id);
  auto outcome = start_container(engine, launch->value(), config, request, joined, claim);
  if (!outcome.ok()) {
    launch.reset();
    claim.reset();
    if (auto record = find_record(engine, config.id); !record.ok() && record.error().code == Code::kNotFound) {
      return fail(Code::kFailed, "container " + config.name + " was removed while it was being started");
    }
    if (config.remove)
      (void)remove(engine, config.id, RemoveOptions{.force = true, .volumes = true, .timeout = 0}).ok();
  }
  return outcome;
}

namespace {

Result<StartOutcome> start_initialized(Engine& engine, const storage::ContainerRecord& record, const StartRequest& request) {
  TRY_SET(const ContainerConfig config, config_of(record));
  unlink((engine.paths().container(config.id) + "/" + monitor::kStoppedMark).c_str());
  auto attachment = monitor::attach(engine.paths().running(config.id), request.interactive && config.open_stdin, request.attach);
  if (!attachment.ok()) return std::move(attachment).error();
  auto pid = attachment->start();
  if (!pid.ok()) {
    // Two starts at once: the other one won.
    if (pid.error().code == Code::kInUse && is_alive(observe(engine, record.id))) {
      return request.attach ? attach(engine, record.id, request) : Result<StartOutcome>(StartOutcome{.detached = true});
    }
    return std::move(pid).error().within("unable to start container \"" + record.id + "\"");
  }
  record_container(engine, config, request.attach ? std::vector<std::string>{"attach", "start"} : std::vector<std::string>{"start"});
  if (!request.attach) return StartOutcome{.detached = true};
  Fd pidfd;
  if (auto opened = pidfd_open(*pid); opened.ok()) pidfd = std::move(*opened);
  return relay_until_end(engine, config, std::move(*attachment), relay_options(config, request, *pid, pidfd.get()));
}

}  // namespace

Result<void> initialize(Engine& engine, const std::string& name) {
  TRY_SET(const storage::ContainerRecord record, find_record(engine, name));
  if (is_active(observe(engine, record.id))) {
    return fail(Code::kInUse, "container " + record.id + " has already been created in runtime: container state improper");
  }
  TRY_SET(const ContainerConfig config, config_of(record));
  TRY(start_required(engine, config.requires_));
  TRY_SET(const JoinedNamespaces joined, join_namespaces(engine, namespace_modes(config)));
  TRY_SET(Launch launch, Launch::begin(engine.identity(), engine.paths().runtime, joined.user_namespace.get()));
  TRY_SET(const Fd claim, claim_for_start(engine, record.id));
  TRY(prepare_user_mounts(engine, config));
  TRY(make_running_dir(engine, config.id));
  unlink((engine.paths().container(config.id) + "/" + monitor::kStoppedMark).c_str());
  auto initialized = [&]() -> Result<void> {
    TRY(give_job(engine, launch, config, {}, joined, Launch::Begin::kNotYet));
    TRY(launch.started());
    return {};
  }();
  if (!initialized.ok()) return std::move(initialized).error().within("unable to initialize container \"" + record.id + "\"");
  record_container(engine, config, {"init"});
  return {};
}

Result<StartOutcome> start(Engine& engine, const std::string& name, const StartRequest& request) {
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  const monitor::Observed before = observe(engine, record.id);
  if (before.status == monitor::Status::kPaused) {
    return fail(Code::kInUse, "container " + record.id +
                                  " must be in Created or Stopped state to be started: container state improper")
        .within("unable to start container \"" + record.id + "\"");
  }
  if (is_alive(before)) {
    if (request.attach) return attach(engine, name, request);
    return StartOutcome{.detached = true, .exit_code = 0};
  }
  if (before.status == monitor::Status::kInitialized) return start_initialized(engine, record, request);
  // Now is sooner than its monitor would have started it, and the count begins anew.
  if (before.status == monitor::Status::kRestarting) TRY(stop_container(engine, record, 0, SIGKILL));
  TRY_SET(ContainerConfig config, config_of(record));
  TRY(start_required(engine, config.requires_));
  TRY_SET(const JoinedNamespaces joined, join_namespaces(engine, namespace_modes(config)));
  TRY_SET(Launch launch, Launch::begin(engine.identity(), engine.paths().runtime, joined.user_namespace.get()));
  TRY_SET(Fd claim, claim_for_start(engine, record.id));
  TRY(prepare_user_mounts(engine, config));
  auto outcome = start_container(engine, launch, config, request, joined, claim);
  if (!outcome.ok()) {
    // Two starts at once: the other one won.
    if (outcome.error().code == Code::kInUse && !request.attach && is_alive(observe(engine, record.id))) {
      return StartOutcome{.detached = true, .exit_code = 0};
    }
    return std::move(outcome).error().within("unable to start container \"" + record.id + "\"");
  }
  return outcome;
}

namespace {

// The old one ends when nobody is left who could send it a job, and it has waited for this process; who starts the container waits
// for that.
Result<void> replace_monitor(Engine& engine, const std::string& id, Fd monitor) {
  const monitor::Observed observed = observe(engine, id);
  if (!observed.state || observed.state->monitor_pid != getppid()) return fail(Code::kInUse, "the container's monitor is not our parent");
  ::kill(getppid(), SIGTERM);
  const pid_t pid = fork();
  if (pid < 0) return errno_error("forking");
  monitor.reset();
  if (pid > 0) return {};
  constexpr int kPatienceMs = 60'000;
  setsid();
  auto gone = monitor::wait_gone(engine.paths().running(id), kPatienceMs);
  const bool wanted = !path_exists(engine.paths().container(id) + "/" + monitor::kStoppedMark);
  _exit(gone.ok() && *gone && wanted && start(engine, id, StartRequest{}).ok() ? 0 : 1);
}

}  // namespace

Result<void> start_again(Engine& engine, const std::string& id, std::uint32_t version, Fd monitor) {
  if (version != monitor::job_version()) return replace_monitor(engine, id, std::move(monitor));
  Launch launch = Launch::asked_for(std::move(monitor));
  auto given = [&]() -> Result<ContainerConfig> {
    TRY_SET(const storage::ContainerRecord record, find_record(engine, id));
    TRY_SET(ContainerConfig config, config_of(record));
    TRY(start_required(engine, config.requires_));
    TRY_SET(const JoinedNamespaces joined, join_namespaces(engine, namespace_modes(config)));
    TRY(prepare_user_mounts(engine, config));
    TRY(give_job(engine, launch, config, {}, joined, Launch::Begin::kNow));
    return config;
  }();
  if (!given.ok()) {
    launch.refuse(given.error());
    return std::move(given).error();
  }
  TRY(launch.started());
  record_container(engine, *given, {"init", "start"});
  return {};
}

Result<StartOutcome> attach(Engine& engine, const std::string& name, const StartRequest& request) {
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  const monitor::Observed observed = observe(engine, record.id);
  if (!is_alive(observed) || !observed.state) return fail(Code::kInUse, "you can only attach to running containers");
  TRY_SET(ContainerConfig config, config_of(record));
  if (log_driver(config.log_driver) == monitor::LogDriver::kPassthrough) {
    return fail(Code::kInvalid, "this container is using the '" + config.log_driver + "' log driver, cannot attach");
  }
  TRY_SET(monitor::Attachment attachment,
          monitor::attach(engine.paths().running(record.id), request.interactive && config.open_stdin, true));
  Fd pidfd;
  if (auto opened = first_process(observed); opened.ok()) pidfd = std::move(*opened);
  const monitor::RelayOptions options = relay_options(config, request, observed.state->pid, pidfd.get());
  record_container(engine, config, {"attach"});
  return relay_until_end(engine, config, std::move(attachment), options);
}

}  // namespace creel::engine
