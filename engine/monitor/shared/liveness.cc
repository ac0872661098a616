#include "engine/monitor/shared/liveness.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace creel::engine::monitor {

namespace {

struct flock whole_file(short type) {
  struct flock out {};
  out.l_type = type;
  out.l_whence = SEEK_SET;
  return out;
}

bool is_held(int fd) {
  struct flock lock = whole_file(F_WRLCK);
  return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace

Result<Fd> take_monitor_lock(const std::string& running_dir) {
  TRY_SET(Fd fd, open_file(running_dir + "/lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  struct flock lock = whole_file(F_WRLCK);
  if (fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) return fail(Code::kInUse, "the container is already running");
    return errno_error("locking " + running_dir + "/lock");
  }
  if (ftruncate(fd.get(), 0) != 0) return errno_error("writing " + running_dir + "/lock");
  TRY(write_all(fd.get(), std::to_string(getpid()) + " " + std::to_string(process_start_time(getpid())) + "\n"));
  return fd;
}

bool monitor_lives(const std::string& running_dir) {
  auto fd = open_file(running_dir + "/lock", O_RDONLY | O_NOFOLLOW);
  return fd.ok() && is_held(fd->get());
}

std::optional<Fd> monitor_process(const std::string& running_dir) {
  auto fd = open_file(running_dir + "/lock", O_RDONLY | O_NOFOLLOW);
  if (!fd.ok()) return std::nullopt;
  auto text = read_all(fd->get(), 128);
  if (!text.ok() || text->empty() || text->back() != '\n') return std::nullopt;
  const Cut words = cut(trim(*text), ' ');
  auto pid = parse_int(words.before, "pid");
  auto start_time = parse_int(words.after, "start time");
  if (!pid.ok() || !start_time.ok() || *pid <= 0) return std::nullopt;
  auto process = pidfd_open(static_cast<pid_t>(*pid));
  // Asked after the pidfd was opened: what is compared is what the pidfd stands for.
  if (!process.ok() || process_start_time(static_cast<pid_t>(*pid)) != static_cast<unsigned long long>(*start_time))
    return std::nullopt;
  if (!is_held(fd->get())) return std::nullopt;
  return std::move(*process);
}

}  // namespace creel::engine::monitor
