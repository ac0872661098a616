#include "engine/runtime/child/procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"

namespace creel::engine::runtime {

namespace {

constexpr ino_t kProcfsRoot = 1;  // PROC_ROOT_INO of the kernel

Result<Fd> checked(Fd fd, const std::string& name) {
  struct statfs fs {};
  struct stat info {};
  if (fstatfs(fd.get(), &fs) != 0 || fstat(fd.get(), &info) != 0) return errno_error("looking at " + name);
  if (static_cast<long>(fs.f_type) != PROC_SUPER_MAGIC || info.st_ino != kProcfsRoot) {
    return fail(Code::kInvalid, name + " is not a proc file system");
  }
  return fd;
}

std::string link_of(int procfs, const char* name) {
  char target[64];
  const ssize_t got = readlinkat(procfs, name, target, sizeof(target));
  if (got <= 0 || got == static_cast<ssize_t>(sizeof(target))) return {};
  return {target, static_cast<std::size_t>(got)};
}

}  // namespace

Result<Fd> open_host_procfs() {
  TRY_SET(Fd fd, open_file("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW));
  auto good = checked(std::move(fd), "/proc");
  if (!good.ok() && good.error().code == Code::kInvalid) good.error().code = Code::kUnavailable;
  return good;
}

Result<Fd> open_procfs_in(int root) {
  TRY_SET(Fd fd, open_in_root(root, "/proc", O_PATH | O_DIRECTORY));
  return checked(std::move(fd), "the container's /proc");
}

Result<Fd> open_in_procfs(int procfs, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags | O_CLOEXEC));
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  Fd fd(static_cast<int>(syscall(SYS_openat2, procfs, path.c_str(), &how, sizeof(how))));
  if (!fd.valid()) return errno_error("opening /proc/" + path);
  return fd;
}

Result<Fd> open_own(int procfs, const std::string& file, int flags) {
  const std::string self = link_of(procfs, "thread-self");
  if (self.empty()) return errno_error("opening /proc/thread-self");
  return open_in_procfs(procfs, self + "/" + file, flags);
}

pid_t own_pid_in(int procfs) {
  const std::string self = link_of(procfs, "self");
  return self.empty() ? -1 : static_cast<pid_t>(strtol(self.c_str(), nullptr, 10));
}

}  // namespace creel::engine::runtime
