// Plan::mounts in order (see rootfs.h).
#include <fcntl.h>
#include <sys/stat.h>

#include "engine/runtime/child/mount_kinds.h"

namespace creel::engine::runtime {

namespace {

// /proc, /sys and /dev are masked and looked up by their names later: an image, or a volume that another container can
// write, must not have them stand somewhere else (CVE-2019-19921).
Result<void> refuse_moved(const MountStep& step, int root) {
  if (step.destination != "/proc" && step.destination != "/sys" && step.destination != "/dev") return {};
  struct stat info{};
  if (fstatat(root, step.destination.c_str() + 1, &info, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(info.st_mode)) return {};
  return fail(Code::kInvalid, "the image's " + step.destination + " is not a directory: " + step.type + " is not mounted on it");
}

Result<void> one_step(MountContext& context, const MountStep& step, Fd source) {
  switch (step.kind) {
    case MountStep::Kind::kBind:
    case MountStep::Kind::kOverlay:
      return mount_bind(context, step, std::move(source));
    case MountStep::Kind::kDevice:
      return step.source.empty() ? make_device(context, step) : mount_bind(context, step, std::move(source));
    case MountStep::Kind::kFilesystem:
    case MountStep::Kind::kTmpcopyup:
      TRY(refuse_moved(step, context.root));
      return mount_new_filesystem(context, step);
    case MountStep::Kind::kCgroupV1:
      TRY(context.be_placed());
      return mount_cgroup_v1(context, step);
    case MountStep::Kind::kMemoryFile:
      return mount_memory_file(context, step);
    case MountStep::Kind::kRemount:
      return remount(context, step);
    case MountStep::Kind::kSymlink:
      return make_symlink(context, step);
    case MountStep::Kind::kMask:
      return mask_path(context, step);
    case MountStep::Kind::kReadonly:
      return make_path_readonly(context, step);
  }
  return fail(Code::kInvalid, "the container plan has an unknown mount step");
}

}  // namespace

Result<void> mount_all(MountContext& context) {
  bool sysctls_written = false;
  for (std::size_t i = 0; i < context.plan.mounts.size(); ++i) {
    const MountStep& step = context.plan.mounts[i];
    const bool closes = step.kind == MountStep::Kind::kMask || step.kind == MountStep::Kind::kReadonly;
    if (closes && !sysctls_written) {
      TRY(write_sysctls(context));
      sysctls_written = true;
    }
    Fd source;
    if (auto found = context.sources.find(i); found != context.sources.end()) source = std::move(found->second);
    TRY(one_step(context, step, std::move(source)));
  }
  if (!sysctls_written) TRY(write_sysctls(context));
  return {};
}

}  // namespace creel::engine::runtime
