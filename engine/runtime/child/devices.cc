// Device nodes and symbolic links in the container's /dev (see mount_kinds.h).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/mount_kinds.h"

namespace creel::engine::runtime {

namespace {

struct Place {
  Fd dir;
  std::string name;
};
Result<Place> place_of(int root, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  TRY_SET(Fd dir, open_destination(root, path.substr(0, slash), true));
  return Place{std::move(dir), path.substr(slash + 1)};
}

bool is_wanted(int fd, const MountStep& step) {
  struct stat info{};
  return fstat(fd, &info) == 0 && (info.st_mode & S_IFMT) == (step.mode & S_IFMT) &&
         (S_ISFIFO(step.mode) || info.st_rdev == step.device);
}

// Where even root may not make devices (in another engine's container): the host's, if it is the same.
Result<void> bind_from_host(MountContext& context, const MountStep& step, Error why) {
  auto found = open_file(step.destination, O_PATH | O_NOFOLLOW);
  if (!found.ok() || !is_wanted(found->get(), step)) return why;
  TRY_SET(Fd tree, clone_tree(found->get(), "", false));
  // Nothing to a device, but its owner and mode are the host's.
  TRY(set_attributes(tree.get(), MOUNT_ATTR_RDONLY, 0, 0, false, step.destination));
  TRY_SET(Fd target, open_destination(context.root, step.destination, false));
  return attach(tree.get(), target.get(), step.destination);
}

}  // namespace

Result<void> make_device(MountContext& context, const MountStep& step) {
  const std::string what = "making device " + step.destination;
  TRY_SET(const Place place, place_of(context.root, step.destination));
  if (place.name.empty()) return fail(Code::kInvalid, what + ": a name is missing");
  const mode_t mask = umask(0);
  int made = mknodat(place.dir.get(), place.name.c_str(), step.mode, step.device);
  const int err = errno;
  umask(mask);
  if (made != 0 && err == EPERM) return bind_from_host(context, step, errno_error(what, err));
  if (made != 0 && err != EEXIST) return errno_error(what, err);
  // What is there may be the image's: it is taken for the device only if it is that.
  TRY_SET(Fd node, open_at(place.dir.get(), place.name, O_PATH | O_NOFOLLOW));
  if (!is_wanted(node.get(), step)) return fail(Code::kInvalid, what + ": something else is there already");
  if (step.uid == 0 && step.gid == 0 && made == 0) return {};
  if (fchownat(node.get(), "", step.uid, step.gid, AT_EMPTY_PATH) != 0) return errno_error("giving device " + step.destination + " its owner");
  return {};
}

Result<void> make_symlink(MountContext& context, const MountStep& step) {
  TRY_SET(const Place place, place_of(context.root, step.destination));
  if (symlinkat(step.source.c_str(), place.dir.get(), place.name.c_str()) != 0 && errno != EEXIST) {
    return errno_error("making link " + step.destination + " in the container");
  }
  return {};
}

}  // namespace creel::engine::runtime
