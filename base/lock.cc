#include "base/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/file.h"

namespace creel {

namespace {

Result<std::optional<Fd>> lock_file(int dir, const std::string& name, int operation) {
  for (;;) {
    TRY_SET(Fd fd, open_at(dir, name, O_RDWR | O_CREAT, 0600));
    int r;
    do {
      r = ::flock(fd.get(), operation);
    } while (r != 0 && errno == EINTR);
    if (r != 0) {
      if (errno == EWOULDBLOCK) return std::optional<Fd>{};
      return errno_error("lock " + name);
    }
    // The holder before us may have unlinked the file: a lock on a nameless file protects nothing.
    struct stat held {};
    struct stat named {};
    if (::fstat(fd.get(), &held) == 0 && ::fstatat(dir, name.c_str(), &named, 0) == 0 && held.st_ino == named.st_ino &&
        held.st_dev == named.st_dev)
      return std::optional<Fd>(std::move(fd));
  }
}

int operation(FileLock::Kind kind) {
  return kind == FileLock::Kind::kShared ? LOCK_SH : LOCK_EX;
}

}  // namespace

Result<FileLock> FileLock::acquire_at(int dir, const std::string& name, Kind kind) {
  TRY_SET(auto fd, lock_file(dir, name, operation(kind)));
  return FileLock(std::move(*fd));
}

Result<FileLock> FileLock::acquire(const std::string& path, Kind kind) {
  return acquire_at(AT_FDCWD, path, kind);
}

Result<std::optional<FileLock>> FileLock::try_acquire_at(int dir, const std::string& name, Kind kind) {
  TRY_SET(auto fd, lock_file(dir, name, operation(kind) | LOCK_NB));
  if (!fd) return std::optional<FileLock>{};
  return std::optional<FileLock>(FileLock(std::move(*fd)));
}

Result<std::optional<FileLock>> FileLock::try_acquire(const std::string& path, Kind kind) {
  return try_acquire_at(AT_FDCWD, path, kind);
}

}  // namespace creel
