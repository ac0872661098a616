#include "engine/runtime/child/copy_tree.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "base/file.h"

namespace creel::engine::runtime {

namespace {

constexpr int kMaxDepth = 512;

class Copier {
 public:
  Result<void> directory(int from, int to, int depth) {
    if (depth > kMaxDepth) return fail(Code::kInvalid, "copying a directory: more than 512 levels deep");
    TRY_SET(auto names, list_dir(from));
    for (const std::string& name : names) {
      auto copied = entry(from, to, name, depth);
      if (!copied.ok()) return std::move(copied).error().within(name);
    }
    return {};
  }

  static Result<void> attributes(int from, int to) {
    struct stat info{};
    if (fstat(from, &info) != 0) return errno_error("stat");
    if (fchown(to, info.st_uid, info.st_gid) != 0) return errno_error("chown");
    if (fchmod(to, info.st_mode & 07777) != 0) return errno_error("chmod");
    copy_xattrs(from, to);
    const timespec times[2] = {info.st_atim, info.st_mtim};
    (void)futimens(to, times);
    return {};
  }

 private:
  Result<void> entry(int from, int to, const std::string& name, int depth) {
    struct stat info{};
    if (fstatat(from, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return errno_error("stat");
    if (!S_ISDIR(info.st_mode) && info.st_nlink > 1) {
      auto [known, fresh] = links_.try_emplace({info.st_dev, info.st_ino}, Place{});
      if (!fresh) {
        if (linkat(known->second.dir.get(), known->second.name.c_str(), to, name.c_str(), 0) != 0 && errno != EEXIST) {
          return errno_error("link");
        }
        return {};
      }
      known->second = {Fd(fcntl(to, F_DUPFD_CLOEXEC, 0)), name};
    }
    if (S_ISDIR(info.st_mode)) {
      if (mkdirat(to, name.c_str(), 0700) != 0 && errno != EEXIST) return errno_error("mkdir");
      TRY_SET(Fd source, open_at(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      TRY_SET(Fd target, open_at(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      TRY(directory(source.get(), target.get(), depth + 1));
      return attributes(source.get(), target.get());
    }
    if (S_ISREG(info.st_mode)) return file(from, to, name);
    if (S_ISLNK(info.st_mode)) {
      char target[PATH_MAX];
      const ssize_t size = readlinkat(from, name.c_str(), target, sizeof(target) - 1);
      if (size < 0) return errno_error("readlink");
      target[size] = 0;
      if (symlinkat(target, to, name.c_str()) != 0 && errno != EEXIST) return errno_error("symlink");
      (void)fchownat(to, name.c_str(), info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW);
      return {};
    }
    if (S_ISFIFO(info.st_mode)) {
      if (mkfifoat(to, name.c_str(), info.st_mode & 07777) != 0 && errno != EEXIST) return errno_error("mkfifo");
      (void)fchownat(to, name.c_str(), info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW);
    }
    return {};
  }

  static Result<void> file(int from, int to, const std::string& name) {
    TRY_SET(Fd source, open_at(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    TRY_SET(Fd target, open_at(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    for (;;) {
      const ssize_t moved = copy_file_range(source.get(), nullptr, target.get(), nullptr, 1 << 30, 0);
      if (moved == 0) break;
      if (moved > 0) continue;
      if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS) return errno_error("copy");
      // Another kind of file system.
      ssize_t sent = 0;
      while ((sent = sendfile(target.get(), source.get(), nullptr, 1 << 30)) > 0) {
      }
      if (sent < 0) return errno_error("copy");
      break;
    }
    return attributes(source.get(), target.get());
  }

  static void copy_xattrs(int from, int to) {
    char names[4096];
    const ssize_t size = flistxattr(from, names, sizeof(names));
    std::string value;
    for (ssize_t at = 0; at < size; at += static_cast<ssize_t>(strnlen(names + at, static_cast<std::size_t>(size - at))) + 1) {
      const std::string name(names + at);
      // Overlay's own marks mean nothing outside it.
      if (name.rfind("user.overlay.", 0) == 0 || name.rfind("trusted.overlay.", 0) == 0) continue;
      value.resize(65536);
      const ssize_t got = fgetxattr(from, name.c_str(), value.data(), value.size());
      if (got >= 0) (void)fsetxattr(to, name.c_str(), value.data(), static_cast<std::size_t>(got), 0);
    }
  }

  struct Place {
    Fd dir;
    std::string name;
  };
  std::map<std::pair<dev_t, ino_t>, Place> links_;
};

}  // namespace

Result<void> copy_tree(int from, int to, bool itself) {
  TRY(Copier().directory(from, to, 0));
  if (!itself) return {};
  return Copier::attributes(from, to);
}

Result<bool> is_empty_directory(int dir) {
  TRY_SET(auto names, list_dir(dir));
  return names.empty();
}

Result<void> chown_tree(int dir, std::uint32_t uid, std::uint32_t gid) {
  struct stat info{};
  if (fstat(dir, &info) != 0) return errno_error("stat");
  if ((info.st_uid != uid || info.st_gid != gid) && fchown(dir, uid, gid) != 0) return errno_error("chown");
  TRY_SET(auto names, list_dir(dir));
  for (const std::string& name : names) {
    if (fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      TRY_SET(Fd child, open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      TRY(chown_tree(child.get(), uid, gid));
    } else if ((info.st_uid != uid || info.st_gid != gid) &&
               fchownat(dir, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) {
      return errno_error("chown " + name);
    }
  }
  return {};
}

}  // namespace creel::engine::runtime
