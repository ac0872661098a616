// What a layer takes away, in the form that the kernel's overlay reads: whiteouts and opaque directories.
// Used by one thread.
#pragma once

#include <sys/stat.h>

#include <string>

#include "base/result.h"

namespace creel::storage::unpack {

class OverlayMarks {
 public:
  explicit OverlayMarks(bool user_xattr) : prefix_(user_xattr ? "user.overlay." : "trusted.overlay.") {}

  // A character device 0/0, which Linux 5.8 and later let anybody make. Where that is not permitted (a system call
  // filter), an empty file with the attribute "whiteout" in a directory marked "x", which overlay reads since
  // Linux 6.7. Errors: errno (EEXIST: the name is taken).
  Result<void> make_whiteout(int dir, const std::string& name);
  // Whether `name`, of which `st` is the lstat, hides what lies in lower layers.
  [[nodiscard]] bool is_whiteout(int dir, const std::string& name, const struct stat& st) const;

  // `dir` may be an O_PATH descriptor. kUnavailable where the file system cannot keep the attribute.
  Result<void> make_opaque(int dir) const;

 private:
  Result<void> make_whiteout_file(int dir, const std::string& name);
  [[nodiscard]] Result<void> mark(int fd, const char* attribute, char value, int flags) const;

  std::string prefix_;
  bool devices_permitted_ = true;
};

}  // namespace creel::storage::unpack
