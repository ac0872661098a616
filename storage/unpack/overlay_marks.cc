#include "storage/unpack/overlay_marks.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <cerrno>

#include "base/file.h"

namespace creel::storage::unpack {

Result<void> OverlayMarks::make_whiteout(int dir, const std::string& name) {
  if (devices_permitted_) {
    if (::mknodat(dir, name.c_str(), S_IFCHR, makedev(0, 0)) == 0) return {};
    if (errno != EPERM) return errno_error("make whiteout");
    devices_permitted_ = false;
  }
  return make_whiteout_file(dir, name);
}

Result<void> OverlayMarks::make_whiteout_file(int dir, const std::string& name) {
  TRY_SET(Fd file, open_at(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  TRY(mark(file.get(), "whiteout", 'y', 0));
  TRY_SET(Fd parent, open_at(dir, ".", O_RDONLY | O_DIRECTORY));
  auto marked = mark(parent.get(), "opaque", 'x', XATTR_CREATE);
  if (!marked && marked.error().err == EEXIST) return {};
  return marked;
}

bool OverlayMarks::is_whiteout(int dir, const std::string& name, const struct stat& st) const {
  if (S_ISCHR(st.st_mode)) return st.st_rdev == makedev(0, 0);
  if (devices_permitted_ || !S_ISREG(st.st_mode) || st.st_size != 0) return false;
  auto file = open_at(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  return file.ok() && ::fgetxattr(file->get(), (prefix_ + "whiteout").c_str(), nullptr, 0) >= 0;
}

Result<void> OverlayMarks::make_opaque(int dir) const {
  TRY_SET(Fd fd, open_at(dir, ".", O_RDONLY | O_DIRECTORY));
  return mark(fd.get(), "opaque", 'y', 0);
}

Result<void> OverlayMarks::mark(int fd, const char* attribute, char value, int flags) const {
  const std::string name = prefix_ + attribute;
  if (::fsetxattr(fd, name.c_str(), &value, 1, flags) == 0) return {};
  Error error = errno_error("set " + name);
  if (error.err == EOPNOTSUPP) {
    error.code = Code::kUnavailable;
    error.hint = "keep the store on a file system with user extended attributes, such as ext4, xfs or btrfs";
  }
  return error;
}

}  // namespace creel::storage::unpack
