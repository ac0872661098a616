#include "engine/monitor/process/external_bundle.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/file.h"
#include "engine/runtime/child/channel.h"
#include "engine/runtime/child/fuse_overlay.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/rootfs.h"
#include "engine/runtime/child/user_lookup.h"

namespace creel::engine::monitor {

namespace {

constexpr const char* kBundle = "bundle";
constexpr long kCgroup2Magic = 0x63677270;

bool is_cgroup2(const char* path) {
  struct statfs info {};
  return statfs(path, &info) == 0 && static_cast<long>(info.f_type) == kCgroup2Magic;
}

Result<void> enter_mount_namespace() {
  if (unshare(CLONE_NEWNS) != 0) return errno_error("making a mount namespace for the container's files");
  // What the host mounts later still comes in; nothing goes out.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return runtime::mount_error("separating the mount namespace", errno);
  }
  // Of a hybrid host the runtime is shown what of it is cgroup v2: crun refuses to look at the mixture. Where that fails it
  // says so itself.
  if (!is_cgroup2("/sys/fs/cgroup") && is_cgroup2("/sys/fs/cgroup/unified")) {
    (void)mount("/sys/fs/cgroup/unified", "/sys/fs/cgroup", nullptr, MS_BIND | MS_REC, nullptr);
  }
  return {};
}

// Returns the mounted root. The plan's own mounts are the runtime's business.
Result<Fd> mount_rootfs(const Job& job, const std::string& at) {
  runtime::Plan plan;
  plan.rootfs = job.plan.rootfs;
  plan.lower = job.plan.lower;
  plan.upper = job.plan.upper;
  plan.work = job.plan.work;
  plan.overlay_user_xattr = job.plan.overlay_user_xattr;
  plan.overlay_discarded = job.plan.overlay_discarded;
  plan.overlay_fuse = job.plan.overlay_fuse;
  plan.fuse_overlayfs = job.plan.fuse_overlayfs;
  // The runtime makes the container's user namespace later, and looks at the files from there.
  plan.uid_map = job.plan.uid_map;
  plan.gid_map = job.plan.gid_map;
  TRY_SET(runtime::Sources sources, runtime::open_sources(plan));
  TRY_SET(runtime::ChannelPair channel, runtime::make_channel());
  auto serve = [](int to, int device) { runtime::send_message(to, runtime::Message::kFuse, device); };
  TRY_SET(Fd root, runtime::mount_root(plan, sources, channel.child.get(), serve, at));
  pollfd asked{channel.parent.get(), POLLIN, 0};
  if (poll(&asked, 1, 0) > 0) {
    Fd device;
    TRY(runtime::expect_message(channel.parent.get(), runtime::Message::kFuse, &device));
    TRY(runtime::serve_fuse(plan, device.get()));
  }
  return root;
}

std::uint32_t outside(const std::vector<runtime::IdMapStep>& map, std::uint32_t id) {
  for (const runtime::IdMapStep& range : map) {
    if (id >= range.inside && id - range.inside < range.count) return range.outside + (id - range.inside);
  }
  return id;
}

// What the runtimes know nothing of.
Result<void> prepare_volumes(const runtime::Plan& plan, int root, const runtime::ResolvedUser& user) {
  const std::uint32_t uid = outside(plan.uid_map, user.uid);
  const std::uint32_t gid = outside(plan.gid_map, user.gid);
  for (const runtime::MountStep& step : plan.mounts) {
    if (step.kind != runtime::MountStep::Kind::kBind || !(step.copy_up || step.chown)) continue;
    TRY_SET(Fd source, open_file(step.source, O_PATH));
    struct stat info {};
    if (fstat(source.get(), &info) != 0) return errno_error("stat " + step.source);
    if (S_ISDIR(info.st_mode)) TRY(runtime::prepare_source(step, root, source.get(), uid, gid));
  }
  return {};
}

std::string user_json(const runtime::ResolvedUser& user, std::uint32_t umask) {
  std::string out = "{\"uid\":" + std::to_string(user.uid) + ",\"gid\":" + std::to_string(user.gid) +
                    ",\"umask\":" + std::to_string(umask);
  if (!user.groups.empty()) {
    out += ",\"additionalGids\":[";
    for (std::size_t i = 0; i < user.groups.size(); ++i) out += (i == 0 ? "" : ",") + std::to_string(user.groups[i]);
    out += ']';
  }
  return out + '}';
}

}  // namespace

std::string bundle_dir(const Job& job) {
  return job.running_dir + "/" + kBundle;
}

Result<void> make_bundle(const Job& job) {
  TRY(enter_mount_namespace());
  TRY_SET(Fd running, open_file(job.running_dir, O_RDONLY | O_DIRECTORY));
  TRY(remove_tree_at(running.get(), kBundle));
  const std::string dir = bundle_dir(job);
  TRY(make_dirs(dir + "/rootfs", 0700));
  TRY_SET(Fd root, mount_rootfs(job, dir + "/rootfs"));
  const runtime::ProcessPlan& process = job.plan.process;
  TRY_SET(const runtime::ResolvedUser user, runtime::resolve_user(root.get(), process.user));
  TRY(prepare_volumes(job.plan, root.get(), user));
  if (process.create_cwd) TRY(runtime::open_destination(root.get(), process.cwd, true));
  return write_atomic(dir + "/config.json",
                      job.runtime.config_before_user + user_json(user, process.umask) + job.runtime.config_after_user);
}

Fd remove_bundle(const Job& job) {
  const std::string rootfs = bundle_dir(job) + "/rootfs";
  auto root = open_file(rootfs, O_PATH | O_DIRECTORY);
  (void)umount2(rootfs.c_str(), MNT_DETACH);
  if (auto running = open_file(job.running_dir, O_RDONLY | O_DIRECTORY); running.ok()) {
    (void)remove_tree_at(running->get(), kBundle).ok();
  }
  return root.ok() ? std::move(*root) : Fd();
}

}  // namespace creel::engine::monitor
