#include "engine/monitor/shared/liveness.h"

#include <fcntl.h>

#include <cerrno>

#include "base/file.h"

namespace creel::engine::monitor {

namespace {

struct flock whole_file(short type) {
  struct flock out{};
  out.l_type = type;
  out.l_whence = SEEK_SET;
  return out;
}

}  // namespace

Result<Fd> take_monitor_lock(const std::string& running_dir) {
  TRY_SET(Fd fd, open_file(running_dir + "/lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  struct flock lock = whole_file(F_WRLCK);
  if (fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) return fail(Code::kInUse, "the container is already running");
    return errno_error("locking " + running_dir + "/lock");
  }
  return fd;
}

bool monitor_lives(const std::string& running_dir) {
  auto fd = open_file(running_dir + "/lock", O_RDWR | O_NOFOLLOW);
  if (!fd.ok()) return false;
  struct flock lock = whole_file(F_WRLCK);
  return fcntl(fd->get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace creel::engine::monitor
