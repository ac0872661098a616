// Owners, modes, times and extended attributes of what a Writer made.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "storage/unpack/writer.h"

namespace creel::storage::unpack {

namespace {

constexpr std::string_view kUserXattr = "user.";
constexpr std::string_view kCapability = "security.capability";

int change_owner(int fd, const char* name, uid_t uid, gid_t gid) {
  return ::fchownat(fd, name, uid, gid, *name == '\0' ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

}  // namespace

// `name` empty: of `fd` itself.
Result<void> Writer::set_owner(int fd, const char* name, const Owner& owner, const std::string& path) {
  if (options_.single_id) return {};
  if (owner.uid == born_.uid && owner.gid == born_.gid && !path.empty()) return {};
  const int err = change_owner(fd, name, owner.uid, owner.gid);
  if (err == 0) return {};
  if (err != EINVAL && err != EPERM) return entry_error("change owner of", path, err);
  const bool user_is_fine = change_owner(fd, name, owner.uid, static_cast<gid_t>(-1)) == 0;
  const std::string id = user_is_fine ? "group ID " + std::to_string(owner.gid) : "ID " + std::to_string(owner.uid);
  Error error = fail(Code::kUnavailable, "change owner of " + (path.empty() ? "/" : printable(path)) + ": " + id +
                                             " is not mapped: more subordinate IDs are needed");
  error.err = err;
  error.hint = "give the user a larger range in /etc/subuid and /etc/subgid";
  return error;
}

// Attributes of `entry` that begin with `prefix` (empty: all).
Result<void> Writer::set_xattrs(int fd, const Entry& entry, std::string_view prefix) {
  for (const auto& [name, value] : entry.xattrs) {
    if (!name.starts_with(prefix)) continue;
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0) continue;
    // As Podman: what the file system or the user namespace does not allow is left out.
    if (errno == EOPNOTSUPP || errno == EPERM) continue;
    // ENOSPC speaks of the inode's room for attributes, not of the disk.
    if (errno == E2BIG || errno == ERANGE || errno == ENOSPC || errno == EINVAL)
      return refuse(entry.path, "the file system cannot hold its extended attribute '" + printable(name) + "'");
    return entry_error("set extended attribute '" + printable(name) + "' of", entry.path, errno);
  }
  return {};
}

// The order is the kernel's: chown clears set-uid bits and capabilities; user attributes want write permission, which
// the mode may take away.
Result<void> Writer::set_file_attributes(int fd, const Entry& entry) {
  TRY(set_xattrs(fd, entry, kUserXattr));
  TRY(set_owner(fd, "", entry.owner, entry.path));
  if (::fchmod(fd, entry.mode) != 0) return entry_error("change mode of", entry.path, errno);
  TRY(set_xattrs(fd, entry, kCapability));
  const timespec times[2] = {entry.accessed, entry.modified};
  if (::futimens(fd, times) != 0) return entry_error("set the time of", entry.path, errno);
  return {};
}

// Of what cannot be opened: links, devices, FIFOs. The tree is nobody else's, so names stay what they are.
Result<void> Writer::set_node_attributes(const Entry& entry) {
  TRY_SET(const Place at, place(entry.path));
  TRY(set_owner(at.dir, at.name.c_str(), entry.owner, entry.path));
  if (entry.type != EntryType::kSymlink && ::fchmodat(at.dir, at.name.c_str(), entry.mode, 0) != 0)
    return entry_error("change mode of", entry.path, errno);
  const timespec times[2] = {entry.accessed, entry.modified};
  if (::utimensat(at.dir, at.name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    return entry_error("set the time of", entry.path, errno);
  return {};
}

void Writer::remember(const Entry& entry) {
  directories_.insert_or_assign(entry.path,
                                DirectoryAttributes{entry.owner, entry.mode, entry.accessed, entry.modified});
}

Result<void> Writer::set_directory_attributes(const std::string& path, const DirectoryAttributes& attributes) {
  Fd opened;
  int fd = tree_.root();
  if (!path.empty()) {
    const auto [parent, name] = split_path(path);
    auto dir = tree_.directory(parent, Tree::Missing::kFail);
    if (!dir) return dir.error().err == ENOENT ? Result<void>{} : std::move(dir).error();
    auto found = open_at(*dir, std::string(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    // Reached under another name, through a link, it may have been replaced since.
    if (!found && (found.error().err == ENOENT || found.error().err == ENOTDIR || found.error().err == ELOOP))
      return {};
    if (!found) return entry_error("open directory", path, found.error().err);
    opened = std::move(*found);
    fd = opened.get();
  }
  TRY(set_owner(fd, "", attributes.owner, path));
  if (::fchmod(fd, attributes.mode) != 0) return entry_error("change mode of", path, errno);
  const timespec times[2] = {attributes.accessed, attributes.modified};
  if (::futimens(fd, times) != 0) return entry_error("set the time of", path, errno);
  return {};
}

}  // namespace creel::storage::unpack
