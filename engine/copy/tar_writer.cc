#include "engine/copy/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <vector>

#include "base/file.h"
#include "base/xattr.h"

namespace creel::engine::copy {

namespace {

constexpr int kMaxDepth = 512;
constexpr std::size_t kBlock = 256 << 10;

// Those of the kernel's overlay and of the host's security modules mean nothing elsewhere.
void add_xattrs(int fd, archive_entry* entry) {
  char names[4096];
  const ssize_t size = flistxattr(fd, names, sizeof(names));
  std::string value(65536, 0);
  for (ssize_t at = 0; at < size; at += static_cast<ssize_t>(std::strlen(names + at)) + 1) {
    const std::string name(names + at);
    if (!is_portable_xattr(name)) continue;
    const ssize_t got = fgetxattr(fd, name.c_str(), value.data(), value.size());
    if (got >= 0) archive_entry_xattr_add_entry(entry, name.c_str(), value.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

TarWriter::TarWriter(int fd) : out_(archive_write_new()) {
  archive_write_set_format_pax_restricted(out_);
  // Names are bytes.
  archive_write_set_options(out_, "hdrcharset=BINARY");
  archive_write_set_bytes_per_block(out_, kBlock);
  // Of what is no file, the last block is not filled up.
  archive_write_set_bytes_in_last_block(out_, 1);
  archive_write_open_fd(out_, fd);
}

TarWriter::~TarWriter() {
  // Nothing more is written: who reads sees that it broke off.
  archive_write_fail(out_);
  archive_write_free(out_);
}

Error TarWriter::error(const std::string& path) const {
  const int err = archive_errno(out_);
  return errno_error("writing " + (path.empty() ? std::string("the archive") : path) + " to the archive",
                     err == 0 ? EIO : err);
}

Result<void> TarWriter::finish() {
  if (archive_write_close(out_) != ARCHIVE_OK) return error("");
  return {};
}

Result<void> TarWriter::header(const struct stat& info, int fd, const std::string& path, const std::string& link,
                               bool hard) {
  const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), archive_entry_free);
  archive_entry_copy_stat(entry.get(), &info);
  archive_entry_copy_pathname(entry.get(), path.c_str());
  if (hard) {
    archive_entry_copy_hardlink(entry.get(), link.c_str());
    archive_entry_unset_size(entry.get());
  } else if (S_ISLNK(info.st_mode)) {
    archive_entry_copy_symlink(entry.get(), link.c_str());
  }
  if (!S_ISREG(info.st_mode) || hard) archive_entry_set_size(entry.get(), 0);
  if (fd >= 0 && !hard) add_xattrs(fd, entry.get());
  const int code = archive_write_header(out_, entry.get());
  if (code < ARCHIVE_WARN) return error(path);
  return {};
}

Result<void> TarWriter::file(int fd, const std::string& path) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return errno_error("stat " + path);
  if (!S_ISREG(info.st_mode)) return fail(Code::kFailed, "reading " + path + ": it has become something else");
  if (info.st_nlink > 1) {
    const auto [known, fresh] = links_.try_emplace({info.st_dev, info.st_ino}, path);
    if (!fresh) return header(info, -1, path, known->second, true);
  }
  TRY(header(info, fd, path, {}, false));
  std::vector<char> buffer(kBlock);
  // As long as the header says, whatever the file has become: libarchive fills up with zeros.
  for (off_t left = info.st_size; left > 0;) {
    const ssize_t got = read(fd, buffer.data(), std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(left)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("reading " + path);
    if (got == 0) break;
    if (archive_write_data(out_, buffer.data(), static_cast<std::size_t>(got)) != got) return error(path);
    left -= got;
  }
  return {};
}

Result<void> TarWriter::entry(int parent, const std::string& name, const std::string& path, int depth) {
  struct stat info {};
  if (fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    // It was there a moment ago.
    if (errno == ENOENT) return {};
    return errno_error("stat " + path);
  }
  if (S_ISDIR(info.st_mode)) {
    TRY_SET(const Fd directory, open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (fstat(directory.get(), &info) != 0) return errno_error("stat " + path);
    TRY(header(info, directory.get(), path + "/", {}, false));
    return tree(directory.get(), path, depth + 1);
  }
  if (S_ISREG(info.st_mode)) {
    TRY_SET(const Fd opened, open_at(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    return file(opened.get(), path);
  }
  if (S_ISLNK(info.st_mode)) {
    char target[PATH_MAX];
    const ssize_t size = readlinkat(parent, name.c_str(), target, sizeof(target));
    if (size < 0) return errno_error("reading link " + path);
    return header(info, -1, path, std::string(target, static_cast<std::size_t>(size)), false);
  }
  if (S_ISSOCK(info.st_mode)) return {};
  return header(info, -1, path, {}, false);
}

Result<void> TarWriter::tree(int directory, const std::string& prefix, int depth) {
  if (depth > kMaxDepth) return fail(Code::kInvalid, "reading " + prefix + ": more than 512 levels deep");
  TRY_SET(auto names, list_dir(directory));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) TRY(entry(directory, name, prefix.empty() ? name : prefix + "/" + name, depth));
  return {};
}

Result<void> TarWriter::add_content(int directory) {
  TRY_SET(const Fd readable, open_at(directory, ".", O_RDONLY | O_DIRECTORY));
  struct stat info {};
  if (fstat(readable.get(), &info) != 0) return errno_error("stat");
  TRY(header(info, readable.get(), "./", {}, false));
  return tree(readable.get(), "", 0);
}

Result<void> TarWriter::add(int object, const std::string& name) {
  struct stat info {};
  if (fstat(object, &info) != 0) return errno_error("stat " + name);
  if (S_ISDIR(info.st_mode)) {
    TRY_SET(const Fd readable, open_at(object, ".", O_RDONLY | O_DIRECTORY));
    TRY(header(info, readable.get(), name + "/", {}, false));
    return tree(readable.get(), name, 0);
  }
  if (S_ISREG(info.st_mode)) {
    // A descriptor of O_PATH cannot be read; what it names is fixed.
    TRY_SET(const Fd readable, open_file("/proc/self/fd/" + std::to_string(object), O_RDONLY | O_NONBLOCK));
    return file(readable.get(), name);
  }
  if (S_ISSOCK(info.st_mode)) return fail(Code::kUnsupported, "copying " + name + ": it is a socket");
  return header(info, -1, name, {}, false);
}

}  // namespace creel::engine::copy
