#include "base/atomic_file.h"

#include <unistd.h>

#include <cstdio>

#include "base/file.h"
#include "base/text.h"

namespace creel {

Result<AtomicFile> AtomicFile::create_at(int dir, const std::string& name, mode_t mode) {
  std::string part = name + ".part-" + random_hex(4);
  TRY_SET(Fd fd, open_at(dir, part, O_RDWR | O_CREAT | O_EXCL, mode));
  return AtomicFile(dir, name, std::move(part), std::move(fd));
}

AtomicFile::~AtomicFile() {
  if (fd_.valid()) ::unlinkat(dir_, part_.c_str(), 0);
}

Result<void> AtomicFile::commit() {
  if (::renameat(dir_, part_.c_str(), dir_, name_.c_str()) != 0) return errno_error("writing " + name_);
  fd_.reset();
  return {};
}

}  // namespace creel
