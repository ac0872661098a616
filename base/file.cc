#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

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

Result<Fd> open_file(const std::string& path, int flags, mode_t mode) { return open_at(AT_FDCWD, path, flags, mode); }

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

Result<std::string> read_file(const std::string& path, std::size_t limit) { return read_file_at(AT_FDCWD, path, limit); }

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
  std::string temporary =
      name + ".tmp." + std::to_string(::getpid()) + "." + std::to_string(counter.fetch_add(1, std::memory_order_relaxed));
  TRY_SET(Fd fd, open_at(dir, temporary, O_WRONLY | O_CREAT | O_EXCL, mode));
  auto abandon = [&](Error error) {
    ::unlinkat(dir, temporary.c_str(), 0);
    return std::move(error).within("write " + name);
  };
  if (auto r = write_all(fd.get(), data); !r) return abandon(std::move(r).error());
  if (durability == Durability::kSynced && ::fsync(fd.get()) != 0) return abandon(errno_error("fsync"));
  if (::renameat(dir, temporary.c_str(), dir, name.c_str()) != 0) return abandon(errno_error("rename"));
  if (durability == Durability::kSynced) {
    auto slash = name.rfind('/');
    TRY_SET(Fd parent, open_at(dir, slash == std::string::npos ? "." : name.substr(0, slash + 1), O_RDONLY | O_DIRECTORY));
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

bool path_exists(const std::string& path) { return ::faccessat(AT_FDCWD, path.c_str(), F_OK, 0) == 0; }

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

// `device` keeps the walk on one file system; 0 means "take the first directory's".
Result<void> remove_entry(int dir, const std::string& name, dev_t device) {
  if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM && errno != EACCES) return errno_error("remove " + name);
  int first = errno;
  struct stat st {};
  if (::fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? Result<void>{} : errno_error("remove " + name);
  if (!S_ISDIR(st.st_mode)) return errno_error("remove " + name, first);
  if (device != 0 && st.st_dev != device) return errno_error("remove " + name, EBUSY);
  auto child = open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!child && child.error().err == EACCES) {
    if (::fchmodat(dir, name.c_str(), 0700, 0) != 0) return errno_error("make " + name + " readable");
    child = open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  }
  if (!child) return child.error().err == ENOENT ? Result<void>{} : Result<void>(std::move(child).error());
  if ((st.st_mode & 0300) != 0300) (void)::fchmod(child->get(), 0700);
  TRY_SET(auto names, list_dir(child->get()));
  for (const auto& each : names) {
    auto removed = remove_entry(child->get(), each, st.st_dev);
    if (!removed) return std::move(removed).error();
  }
  if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) return errno_error("remove " + name);
  return {};
}

}  // namespace

Result<void> remove_tree_at(int dir, const std::string& name) { return remove_entry(dir, name, 0); }

}  // namespace creel
