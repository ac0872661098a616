#include "engine/copy/tar_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "base/xattr.h"

namespace creel::engine::copy {

namespace {

constexpr std::size_t kBlock = 256 << 10;
constexpr std::size_t kDeepest = 512;

// Without empty and "." components; ".." is refused, wherever it would lead.
Result<std::string> clean_name(const char* name) {
  if (name == nullptr) return fail(Code::kInvalid, "refused archive entry: it has no name");
  std::string out;
  std::size_t depth = 0;
  for (const std::string& part : split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..")
      return fail(Code::kInvalid,
                  "refused archive entry \"" + std::string(name) + "\": it leaves the directory that is copied to");
    if (++depth > kDeepest) return fail(Code::kInvalid, "refused archive entry: more than 512 levels deep");
    out.append(out.empty() ? "" : "/").append(part);
  }
  return out;
}

struct Later {
  std::string path;
  dev_t device;
  ino_t inode;
  mode_t mode;
  timespec times[2];
};

class Extraction {
 public:
  Extraction(int fd, int root, const ExtractOptions& options)
      : root_(root), options_(options), in_(archive_read_new(), archive_read_free) {
    archive_read_support_filter_all(in_.get());
    archive_read_support_format_tar(in_.get());
    archive_read_support_format_empty(in_.get());
    archive_read_set_options(in_.get(), "hdrcharset=BINARY");
    opened_ = archive_read_open_fd(in_.get(), fd, kBlock) == ARCHIVE_OK;
  }

  Result<void> run() {
    if (!opened_) return error("reading the archive");
    for (;;) {
      archive_entry* entry = nullptr;
      const int code = archive_read_next_header(in_.get(), &entry);
      if (code == ARCHIVE_EOF) break;
      if (code < ARCHIVE_WARN) return error("reading the archive");
      TRY(one(entry));
    }
    // Last: writing into a directory moves its time, and a read-only one keeps an unprivileged caller out.
    for (auto it = later_.rbegin(); it != later_.rend(); ++it) {
      auto dir = open_in_root(root_, it->path, O_RDONLY | O_DIRECTORY);
      struct stat info {};
      // Somebody inside may have put another one there, or a link.
      if (!dir.ok() || fstat(dir->get(), &info) != 0 || info.st_dev != it->device || info.st_ino != it->inode) continue;
      if (fchmod(dir->get(), it->mode) != 0) return errno_error("setting the mode of " + it->path);
      (void)futimens(dir->get(), it->times);
    }
    return {};
  }

 private:
  Error error(const std::string& what) {
    const char* why = archive_error_string(in_.get());
    return fail(Code::kInvalid, what + ": " + (why == nullptr ? "not a tar archive" : why));
  }

  // The parent of `name` beneath the base, with missing directories made.
  Result<Fd> parent_of(const std::string& name) {
    const std::size_t slash = name.rfind('/');
    const std::string path = slash == std::string::npos ? options_.base : options_.base + "/" + name.substr(0, slash);
    auto found = open_in_root(root_, path, O_RDONLY | O_DIRECTORY);
    if (found.ok() || found.error().err != ENOENT || slash == std::string::npos) return found;
    TRY_SET(const Fd above, parent_of(name.substr(0, slash)));
    const std::string last = name.substr(0, slash).substr(name.substr(0, slash).rfind('/') + 1);
    if (mkdirat(above.get(), last.c_str(), 0755) != 0 && errno != EEXIST)
      return errno_error("making directory " + path);
    return open_in_root(root_, path, O_RDONLY | O_DIRECTORY);
  }

  [[nodiscard]] Ownership owner_of(archive_entry* entry) const {
    if (options_.owner) return *options_.owner;
    return {static_cast<std::uint32_t>(archive_entry_uid(entry)), static_cast<std::uint32_t>(archive_entry_gid(entry))};
  }

  // Nothing of another kind is in the way.
  Result<void> clear(int parent, const std::string& name, const std::string& shown, bool directory) {
    struct stat info {};
    if (fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return {};
    if (S_ISDIR(info.st_mode) && directory) return {};
    if (S_ISDIR(info.st_mode) != directory && !options_.overwrite) {
      return fail(Code::kInvalid, directory ? "cannot overwrite non-directory " + shown + " with a directory"
                                            : "cannot overwrite directory " + shown + " with non-directory")
          .with_hint("--overwrite does.");
    }
    if (S_ISDIR(info.st_mode)) return remove_tree_at(parent, name);
    if (unlinkat(parent, name.c_str(), 0) != 0 && errno != ENOENT && errno != EBUSY)
      return errno_error("replacing " + shown);
    return {};
  }

  Result<void> own(int fd, archive_entry* entry, const std::string& shown) const {
    if (!options_.chown) return {};
    const Ownership owner = owner_of(entry);
    if (fchown(fd, owner.uid, owner.gid) == 0) return {};
    return errno_error("giving " + shown + " to " + std::to_string(owner.uid) + ":" + std::to_string(owner.gid));
  }

  static void fill_times(archive_entry* entry, timespec (&times)[2]) {
    times[1] = {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
    times[0] = archive_entry_atime_is_set(entry) != 0
                   ? timespec{archive_entry_atime(entry), archive_entry_atime_nsec(entry)}
                   : times[1];
  }

  [[nodiscard]] mode_t mode_of(archive_entry* entry) const {
    return archive_entry_perm(entry) & (options_.chown ? 07777 : ~(S_ISUID | S_ISGID) & 07777);
  }

  void add_xattrs(int fd, archive_entry* entry) const {
    archive_entry_xattr_reset(entry);
    const char* key = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (archive_entry_xattr_next(entry, &key, &value, &size) == ARCHIVE_OK) {
      const std::string name(key == nullptr ? "" : key);
      if (!options_.chown && name.starts_with("security.")) continue;
      if (is_portable_xattr(name)) (void)fsetxattr(fd, key, value, size, 0);
    }
  }

  Result<void> content(int fd, const std::string& shown) {
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    la_int64_t end = 0;
    for (;;) {
      const int code = archive_read_data_block(in_.get(), &data, &size, &offset);
      if (code == ARCHIVE_EOF) break;
      if (code < ARCHIVE_WARN) return error("reading " + shown + " from the archive");
      for (std::size_t done = 0; done < size;) {
        const ssize_t wrote =
            pwrite(fd, static_cast<const char*>(data) + done, size - done, offset + static_cast<la_int64_t>(done));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return errno_error("writing " + shown);
        done += static_cast<std::size_t>(wrote);
      }
      end = offset + static_cast<la_int64_t>(size);
    }
    if (ftruncate(fd, end) != 0) return errno_error("writing " + shown);
    return {};
  }

  Result<void> finish_file(int fd, archive_entry* entry, const std::string& shown) {
    TRY(content(fd, shown));
    TRY(own(fd, entry, shown));
    // After the owner: chown(2) takes set-uid away.
    if (fchmod(fd, mode_of(entry)) != 0) return errno_error("setting the mode of " + shown);
    add_xattrs(fd, entry);
    timespec times[2];
    fill_times(entry, times);
    (void)futimens(fd, times);
    return {};
  }

  // Not created, and only a regular file: a mount point, which cannot be replaced, or what a link leads to.
  Result<void> write_into(Result<Fd> opened, archive_entry* entry, const std::string& shown) {
    if (!opened.ok()) return std::move(opened).error();
    struct stat info {};
    if (fstat(opened->get(), &info) != 0) return errno_error("stat " + shown);
    if (!S_ISREG(info.st_mode)) return fail(Code::kInvalid, "copying to " + shown + ": it is no regular file");
    return finish_file(opened->get(), entry, shown);
  }

  Result<void> file(int parent, const std::string& name, archive_entry* entry, const std::string& shown) {
    Fd made(openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (made.valid()) return finish_file(made.get(), entry, shown);
    if (errno != EEXIST) return errno_error("creating " + shown);
    return write_into(open_at(parent, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK), entry, shown);
  }

  Result<void> directory(int parent, const std::string& name, archive_entry* entry, const std::string& shown) {
    if (mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) return errno_error("making directory " + shown);
    TRY_SET(const Fd made, open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    return directory_attributes(made.get(), entry, shown);
  }

  Result<void> directory_attributes(int fd, archive_entry* entry, const std::string& shown) {
    TRY(own(fd, entry, shown));
    add_xattrs(fd, entry);
    struct stat info {};
    if (fstat(fd, &info) != 0) return errno_error("stat " + shown);
    Later later{shown, info.st_dev, info.st_ino, archive_entry_perm(entry), {}};
    fill_times(entry, later.times);
    later_.push_back(std::move(later));
    return {};
  }

  Result<void> set_link_attributes(int parent, const std::string& name, archive_entry* entry, bool link) const {
    if (options_.chown) {
      const Ownership owner = owner_of(entry);
      (void)!fchownat(parent, name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW);
    }
    if (!link) return {};
    timespec times[2];
    fill_times(entry, times);
    (void)utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
    return {};
  }

  // Nothing is in its way any longer but where that is what it links to already, as a link to itself is.
  Result<void> hard_link(int parent, const std::string& name, archive_entry* entry, const std::string& shown) {
    TRY_SET(const std::string target, clean_name(archive_entry_hardlink(entry)));
    TRY_SET(const Fd dir, parent_of(target));
    const std::string last = target.substr(target.rfind('/') + 1);
    struct stat linked {};
    struct stat there {};
    if (fstatat(dir.get(), last.c_str(), &linked, AT_SYMLINK_NOFOLLOW) != 0)
      return errno_error("linking " + shown + " to " + target);
    if (fstatat(parent, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_dev == linked.st_dev &&
        there.st_ino == linked.st_ino)
      return {};
    TRY(clear(parent, name, shown, false));
    if (linkat(dir.get(), last.c_str(), parent, name.c_str(), 0) != 0)
      return errno_error("linking " + shown + " to " + target);
    return {};
  }

  Result<void> one(archive_entry* entry) {
    TRY_SET(const std::string name, clean_name(archive_entry_pathname(entry)));
    if (!options_.into.empty()) {
      if (archive_entry_filetype(entry) != AE_IFREG) return {};
      return write_into(open_in_root(root_, options_.into, O_WRONLY | O_NONBLOCK), entry, options_.into);
    }
    const mode_t type = archive_entry_filetype(entry);
    if (name.empty()) {
      // The base itself, which is there already: it keeps what it has, unless it is new.
      return {};
    }
    const std::string shown = (options_.base == "/" ? "" : options_.base) + "/" + name;
    TRY_SET(const Fd parent, parent_of(name));
    const std::string last = name.substr(name.rfind('/') + 1);
    if (archive_entry_hardlink(entry) != nullptr) return hard_link(parent.get(), last, entry, shown);
    TRY(clear(parent.get(), last, shown, type == AE_IFDIR));
    switch (type) {
      case AE_IFREG:
        return file(parent.get(), last, entry, shown);
      case AE_IFDIR:
        return directory(parent.get(), last, entry, shown);
      case AE_IFLNK: {
        const char* target = archive_entry_symlink(entry);
        if (symlinkat(target == nullptr ? "" : target, parent.get(), last.c_str()) != 0)
          return errno_error("making link " + shown);
        return set_link_attributes(parent.get(), last, entry, true);
      }
      case AE_IFIFO:
        if (mkfifoat(parent.get(), last.c_str(), archive_entry_perm(entry)) != 0) return errno_error("making " + shown);
        return set_link_attributes(parent.get(), last, entry, false);
      case AE_IFCHR:
      case AE_IFBLK: {
        if (!options_.chown) return {};
        const mode_t mode = (type == AE_IFCHR ? S_IFCHR : S_IFBLK) | archive_entry_perm(entry);
        // Devices are for those who may make them.
        if (mknodat(parent.get(), last.c_str(), mode, archive_entry_rdev(entry)) != 0) {
          if (errno == EPERM) return {};
          return errno_error("making device " + shown);
        }
        return set_link_attributes(parent.get(), last, entry, false);
      }
      default:
        return {};
    }
  }

  int root_;
  const ExtractOptions& options_;
  std::unique_ptr<archive, decltype(&archive_read_free)> in_;
  bool opened_ = false;
  std::vector<Later> later_;
};

}  // namespace

Result<void> extract(int fd, int root, const ExtractOptions& options) {
  return Extraction(fd, root, options).run();
}

}  // namespace creel::engine::copy
