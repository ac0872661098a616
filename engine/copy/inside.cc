#include "engine/copy/inside.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/process.h"
#include "engine/container/container.h"
#include "engine/container/spec_passes.h"
#include "engine/container/state.h"
#include "engine/container/user_mounts.h"
#include "engine/runtime/child/namespaces.h"
#include "engine/runtime/child/rootfs.h"
#include "engine/runtime/child/user_lookup.h"
#include "engine/runtime/mount_options.h"
#include "rootless/userns.h"

namespace creel::engine::copy {

namespace {

// The layers and what is mounted over them, as a start would mount them.
struct Stopped {
  runtime::Plan plan;
};

Result<Stopped> plan_stopped(Engine& engine, const ContainerConfig& config) {
  Stopped out;
  runtime::Plan& plan = out.plan;
  if (!config.rootfs.empty()) {
    plan.rootfs = config.rootfs;
  } else {
    for (auto layer = config.layers.rbegin(); layer != config.layers.rend(); ++layer)
      plan.lower.push_back(engine.paths().layer(*layer));
    plan.upper = engine.paths().container(config.id) + "/upper";
    plan.work = engine.paths().container(config.id) + "/work";
    plan.overlay_user_xattr = engine.rootless();
  }
  TRY_SET(auto mounts, user_mounts(engine, config));
  for (runtime::Mount& mount : mounts) {
    // What is in memory only is not there while it does not run.
    if (mount.type != "bind" && mount.lower.empty()) continue;
    mount.deep = mount.type == "bind";
    TRY_SET(runtime::MountStep step, runtime::compile_mount(mount));
    step.chown = false;
    plan.mounts.push_back(std::move(step));
  }
  return out;
}

// Child, in its own mount namespace from here on.
Result<Fd> mount_stopped(const runtime::Plan& plan, std::uint32_t uid, std::uint32_t gid) {
  if (unshare(CLONE_NEWNS) != 0) return errno_error("making a mount namespace");
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    return errno_error("making a mount namespace private");
  TRY_SET(runtime::Sources sources, runtime::open_sources(plan));
  bool unserved = false;
  static bool* asked = nullptr;
  asked = &unserved;
  TRY_SET(Fd root, runtime::mount_root(plan, sources, -1, [](int, int) { *asked = true; }));
  if (unserved) {
    return fail(Code::kUnavailable,
                "the container's files are served by fuse-overlayfs, which runs while it runs: start it first");
  }
  runtime::MountContext context{plan, root.get(), sources, uid, gid, {}};
  TRY(runtime::mount_all(context));
  return root;
}

Result<ContainerRoot> with_user(int root, const ContainerConfig& config) {
  ContainerRoot out{root, 0, 0};
  if (config.user.empty()) return out;
  // One that the image does not know is nobody's reason to fail.
  auto user = runtime::resolve_user(root, {0, 0, {}, config.user});
  if (user.ok()) {
    out.uid = user->uid;
    out.gid = user->gid;
  }
  return out;
}

// Child: root of the namespace in which the container's IDs are what they are in the container.
Result<void> enter_its_user_namespace(pid_t pid) {
  TRY_SET(const Fd theirs, open_file("/proc/" + std::to_string(pid) + "/ns/user", O_RDONLY));
  TRY_SET(const Fd ours, open_file("/proc/self/ns/user", O_RDONLY));
  struct stat a {
  }, b{};
  if (fstat(theirs.get(), &a) != 0 || fstat(ours.get(), &b) != 0) return errno_error("comparing user namespaces");
  if (a.st_ino == b.st_ino && a.st_dev == b.st_dev) return {};
  // Nobody in there may look into this program.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (setns(theirs.get(), CLONE_NEWUSER) != 0) return errno_error("entering the container's user namespace");
  return runtime::become_root();
}

// Child. The process's root first, then the question whether the process is still that one.
Result<Fd> open_running(pid_t pid, int pidfd) {
  // From the caller's own: the namespace that other commands share need not be the one in which this container is.
  TRY(enter_its_user_namespace(pid));
  TRY_SET(Fd root, open_file("/proc/" + std::to_string(pid) + "/root", O_PATH | O_DIRECTORY));
  if (!pidfd_signal(pidfd, 0).ok()) return fail(Code::kInUse, "the container ended meanwhile");
  return root;
}

}  // namespace

Result<Inside> Inside::fork_to(const std::function<Result<void>()>& work) {
  TRY_SET(runtime::ChannelPair talk, runtime::make_channel());
  Inside out;
  out.pid_ = fork();
  if (out.pid_ < 0) return errno_error("fork");
  if (out.pid_ == 0) {
    talk.parent.reset();
    auto done = work();
    if (!done.ok()) runtime::send_error(talk.child.get(), done.error());
    _exit(done.ok() ? 0 : 1);
  }
  out.report_ = std::move(talk.parent);
  return out;
}

Result<Inside> Inside::start(Engine& engine, const std::string& container, const Work& work) {
  TRY_SET(const storage::ContainerRecord record, find_record(engine, container));
  TRY_SET(const ContainerConfig config, config_of(record));
  const monitor::Observed observed = observe(engine, record.id);
  if (has_first_process(observed)) {
    TRY_SET(const Fd pidfd, first_process(observed));
    return fork_to([&]() -> Result<void> {
      TRY_SET(const Fd root, open_running(observed.state->pid, pidfd.get()));
      TRY_SET(const ContainerRoot open, with_user(root.get(), config));
      return work(open);
    });
  }
  TRY_SET(const Stopped stopped, plan_stopped(engine, config));
  return fork_to([&]() -> Result<void> {
    TRY(rootless::enter(engine.identity(), engine.paths().runtime));
    TRY_SET(const Fd root, mount_stopped(stopped.plan, 0, 0));
    TRY_SET(const ContainerRoot open, with_user(root.get(), config));
    return work(open);
  });
}

Result<Inside> Inside::start_beneath(Engine& engine, const std::string& directory, const Work& work) {
  return fork_to([&]() -> Result<void> {
    TRY(rootless::enter(engine.identity(), engine.paths().runtime));
    TRY_SET(const Fd root, open_file(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    return work(ContainerRoot{root.get(), 0, 0});
  });
}

Inside::Inside(Inside&& other) noexcept : pid_(other.pid_), report_(std::move(other.report_)) {
  other.pid_ = -1;
}

Inside::~Inside() {
  if (pid_ > 0) (void)finish().ok();
}

Result<void> Inside::finish() {
  auto ended = runtime::expect_end(report_.get());
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (ended.ok() && WIFSIGNALED(status)) return fail(Code::kFailed, "the process that copies was killed");
  return ended;
}

}  // namespace creel::engine::copy
