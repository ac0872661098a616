// Advisory locks that die with their holder: whatever kills a process, the kernel releases what it held.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace creel {

// An flock(2) on a file. Held by the open file description: it survives exec if the descriptor is passed on, and is
// released when the last copy is closed. Not for NFS before Linux 2.6.12. Movable, one owner.
class FileLock {
 public:
  enum class Kind { kShared, kExclusive };

  // Waits until it has the lock. Creates the file (0600) where absent.
  static Result<FileLock> acquire(const std::string& path, Kind kind = Kind::kExclusive);
  static Result<FileLock> acquire_at(int dir, const std::string& name, Kind kind = Kind::kExclusive);
  // nullopt when another holds it.
  static Result<std::optional<FileLock>> try_acquire(const std::string& path, Kind kind = Kind::kExclusive);
  static Result<std::optional<FileLock>> try_acquire_at(int dir, const std::string& name, Kind kind = Kind::kExclusive);

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Gives the descriptor away, still locked.
  Fd release() && { return std::move(fd_); }

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace creel
