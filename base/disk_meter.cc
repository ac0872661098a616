#include "base/disk_meter.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/file.h"

namespace creel {

namespace {

// A directory that is being measured, and what is left in it.
struct Level {
  dev_t device = 0;
  ino_t inode = 0;
  std::vector<std::string> rest;
};

// Not onto another mount, bind mounts included.
Fd open_here(int dir, const std::string& name) {
  struct open_how how {};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  return Fd(static_cast<int>(syscall(SYS_openat2, dir, name.c_str(), &how, sizeof how)));
}

}  // namespace

// One descriptor at a time and no recursion: a container can nest directories deeper than any limit of ours.
Result<DiskUse> DiskMeter::measure(int dir, const std::string& name) {
  DiskUse use;
  std::vector<Level> path;
  Fd here;
  const auto take = [&](int in, const std::string& entry) -> Result<void> {
    struct stat st {};
    if (fstatat(in, entry.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
      return errno == ENOENT ? Result<void>() : Result<void>(errno_error("measuring " + entry));
    }
    if (!S_ISDIR(st.st_mode)) {
      if (st.st_nlink > 1 && !linked_.insert({st.st_dev, st.st_ino}).second) return {};
      use.blocks += static_cast<std::int64_t>(st.st_blocks) * 512;
      if (S_ISREG(st.st_mode)) use.content += st.st_size;
      return {};
    }
    Fd below = open_here(in, entry);
    if (!below && errno == EXDEV) return {};
    use.blocks += static_cast<std::int64_t>(st.st_blocks) * 512;
    if (!below) {
      if (errno == EACCES || errno == EPERM)
        use.partly = true;
      else if (errno != ENOENT)
        return errno_error("measuring " + entry);
      return {};
    }
    auto rest = list_dir(below.get());
    if (!rest.ok() && rest.error().err == ENOENT) return {};
    if (!rest.ok()) return std::move(rest).error().within("measuring " + entry);
    path.push_back({st.st_dev, st.st_ino, std::move(*rest)});
    here = std::move(below);
    return {};
  };
  TRY(take(dir, name));
  while (!path.empty()) {
    if (!path.back().rest.empty()) {
      const std::string child = std::move(path.back().rest.back());
      path.back().rest.pop_back();
      TRY(take(here.get(), child));
      continue;
    }
    path.pop_back();
    if (path.empty()) break;
    auto above = open_at(here.get(), "..", O_RDONLY | O_DIRECTORY);
    struct stat st {};
    // Moved or removed under our hands: its parent is not to be found again, and the rest of it is not ours.
    if (!above.ok() || fstat(above->get(), &st) != 0 || st.st_dev != path.back().device ||
        st.st_ino != path.back().inode) {
      use.partly = true;
      break;
    }
    here = std::move(*above);
  }
  return use;
}

}  // namespace creel
