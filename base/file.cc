#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace creel {

namespace {

Result<Fd> openat2_file(int root, const std::string& path, int flags, mode_t mode, std::uint64_t resolve) {
  struct open_how how {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = resolve;
  for (int attempt = 0;; ++attempt) {
    long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (fd >= 0) return Fd(static_cast<int>(fd));
    // EAGAIN: a rename somewhere made the kernel unsure of "..": try again, as openat2(2) asks.
    if ((errno == EAGAIN || errno == EINTR) && attempt < 128) continue;
    return errno_error("open " + path);
  }
}

}  // namespace

Result<Fd> open_file(const std::string& path, int flags, mode_t mode) {
  return open_at(AT_FDCWD, path, flags, mode);
}

Result<Fd> open_at(int dir, const std::string& name, int flags, mode_t mode) {
  int fd;
  do {
    fd = ::openat(dir, name.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return errno_error("open " + name);
  return Fd(fd);
}

Result<Fd> open_in_root(int root, const std::string& path, int flags, mode_t mode) {
  return openat2_file(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

Result<Fd> open_beneath(int root, const std::string& path, int flags, mode_t mode) {
  return openat2_file(root, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

Result<std::string> read_all(int fd, std::size_t limit) {
  std::string out;
  struct stat st {};
  std::size_t guess = 4096;
  if (::fstat(fd, &st) == 0 && st.st_size > 0) guess = static_cast<std::size_t>(st.st_size) + 1;
  std::size_t used = 0;
  for (;;) {
    if (used == out.size()) out.resize(used == 0 ? std::min(guess, limit + 1) : std::min(used * 2, limit + 1));
    if (used > limit) return fail(Code::kInvalid, "file is larger than " + std::to_string(limit) + " bytes");
    ssize_t n = ::read(fd, out.data() + used, out.size() - used);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno_error("read");
    }
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
  }
  out.resize(used);
  return out;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  return read_file_at(AT_FDCWD, path, limit);
}

Result<std::string> read_file_at(int dir, const std::string& name, std::size_t limit) {
  TRY_SET(Fd fd, open_at(dir, name, O_RDONLY));
  auto data = read_all(fd.get(), limit);
  if (!data) return std::move(data).error().within(name);
  return data;
}

Result<void> write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno_error("write");
    }
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> write_atomic_at(int dir, const std::string& name, std::string_view data, mode_t mode,
                             Durability durability) {
  static std::atomic<unsigned> counter{0};
  std::string temporary;
  Fd fd;
  for (int attempt = 0; !fd; ++attempt) {
    temporary = name + ".tmp." + std::to_string(::getpid()) + "." +
                std::to_string(counter.fetch_add(1, std::memory_order_relaxed));
    auto opened = open_at(dir, temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (opened) fd = std::move(*opened);
    // Left by one that was killed and had this PID.
    else if (opened.error().err != EEXIST || attempt == 100)
      return std::move(opened).error();
  }
  auto abandon = [&](Error error) {
    ::unlinkat(dir, temporary.c_str(), 0);
    return std::move(error).within("write " + name);
  };
  if (auto r = write_all(fd.get(), data); !r) return abandon(std::move(r).error());
  if (durability == Durability::kSynced && ::fsync(fd.get()) != 0) return abandon(errno_error("fsync"));
  if (::renameat(dir, temporary.c_str(), dir, name.c_str()) != 0) return abandon(errno_error("rename"));
  if (durability == Durability::kSynced) {
    auto slash = name.rfind('/');
    TRY_SET(Fd parent,
            open_at(dir, slash == std::string::npos ? "." : name.substr(0, slash + 1), O_RDONLY | O_DIRECTORY));
    if (::fsync(parent.get()) != 0) return errno_error("fsync the directory of " + name);
  }
  return {};
}

Result<void> write_atomic(const std::string& path, std::string_view data, mode_t mode, Durability durability) {
  return write_atomic_at(AT_FDCWD, path, data, mode, durability);
}

Result<void> make_dirs(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) return {};
  if (errno == ENOENT) {
    auto slash = path.find_last_not_of('/');
    slash = slash == std::string::npos ? slash : path.rfind('/', slash);
    if (slash == std::string::npos || slash == 0) return errno_error("create directory " + path);
    TRY(make_dirs(path.substr(0, slash), mode));
    if (::mkdir(path.c_str(), mode) == 0) return {};
  }
  int err = errno;
  struct stat st {};
  if (err == EEXIST && ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) return {};
  return errno_error("create directory " + path, err);
}

bool path_exists(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), F_OK, 0) == 0;
}

Result<std::vector<std::string>> list_dir(int dir) {
  TRY_SET(Fd copy, open_at(dir, ".", O_RDONLY | O_DIRECTORY));
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy.get()), ::closedir);
  if (!stream) return errno_error("read directory");
  (void)copy.release();
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return errno_error("read directory");
  return names;
}

Result<std::vector<std::string>> list_dir(const std::string& path) {
  TRY_SET(Fd dir, open_file(path, O_RDONLY | O_DIRECTORY));
  return list_dir(dir.get());
}

namespace {

// True: `name` is gone. False: it is a directory.
Result<bool> remove_leaf(int dir, const std::string& name) {
  if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return true;
  const int err = errno;
  if (err == EISDIR) return false;
  // Rights are looked at before the kind.
  struct stat st {};
  if ((err == EPERM || err == EACCES) && ::fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISDIR(st.st_mode))
    return false;
  return errno_error("remove " + name, err);
}

// RESOLVE_NO_XDEV, because st_dev does not tell a bind mount of the same file system from a directory.
Result<Fd> open_on_mount(int dir, const std::string& name, int flags) {
  auto fd = openat2_file(dir, name, flags | O_DIRECTORY | O_NOFOLLOW, 0,
                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
  if (!fd && fd.error().err == EXDEV) return fail(Code::kInUse, "remove " + name + ": something is mounted there");
  return fd;
}

// A directory on its way out: what it is, and what is left in it.
struct Doomed {
  std::string name;
  dev_t device = 0;
  ino_t inode = 0;
  std::vector<std::string> rest;
};

// Opens directory `name` for emptying. An invalid Fd: it vanished meanwhile.
Result<Fd> enter_doomed(int dir, const std::string& name, std::vector<Doomed>& path) {
  auto fd = open_on_mount(dir, name, O_RDONLY);
  if (!fd && fd.error().err == EACCES) {
    // chmod by a path would follow a symbolic link put there in between; an O_PATH descriptor stays what it is.
    TRY_SET(Fd handle, open_on_mount(dir, name, O_PATH));
    if (::chmod(("/proc/self/fd/" + std::to_string(handle.get())).c_str(), 0700) != 0)
      return errno_error("make " + name + " readable");
    fd = open_on_mount(dir, name, O_RDONLY);
  }
  if (!fd && fd.error().err == ENOENT) return Fd();
  if (!fd) return std::move(fd).error();
  struct stat st {};
  if (::fstat(fd->get(), &st) != 0) return errno_error("remove " + name);
  if ((st.st_mode & 0300) != 0300) (void)::fchmod(fd->get(), 0700);
  TRY_SET(auto rest, list_dir(fd->get()));
  path.push_back({name, st.st_dev, st.st_ino, std::move(rest)});
  return fd;
}

Result<void> remove_emptied(int dir, const std::string& name) {
  if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  return errno_error("remove " + name);
}

}  // namespace

// One descriptor at a time and no recursion: a container can nest directories deeper than any limit of ours.
Result<void> remove_tree_at(int dir, const std::string& name) {
  TRY_SET(const bool leaf, remove_leaf(dir, name));
  if (leaf) return {};
  std::vector<Doomed> path;
  TRY_SET(Fd here, enter_doomed(dir, name, path));
  while (!path.empty()) {
    if (!path.back().rest.empty()) {
      const std::string child = std::move(path.back().rest.back());
      path.back().rest.pop_back();
      TRY_SET(const bool gone, remove_leaf(here.get(), child));
      if (gone) continue;
      TRY_SET(Fd below, enter_doomed(here.get(), child, path));
      if (below) here = std::move(below);
      continue;
    }
    const std::string empty = std::move(path.back().name);
    path.pop_back();
    if (path.empty()) return remove_emptied(dir, empty);
    TRY_SET(Fd above, open_at(here.get(), "..", O_PATH | O_DIRECTORY));
    struct stat st {};
    if (::fstat(above.get(), &st) != 0) return errno_error("remove " + empty);
    // Moved elsewhere under our hands: what is above it now is not ours to delete.
    if (st.st_dev != path.back().device || st.st_ino != path.back().inode)
      return fail(Code::kFailed, "remove " + empty + ": it was moved meanwhile");
    here = std::move(above);
    TRY(remove_emptied(here.get(), empty));
  }
  return {};
}

}  // namespace creel
