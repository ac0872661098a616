#include "storage/pack/walk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/xattr.h"

namespace creel::storage::pack {

using unpack::Entry;
using unpack::EntryType;

namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::size_t kXattrLimit = 64 << 10;

std::string below(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "/" + std::string(name);
}

// A directory that was renamed, or a file whose content was left where it was: what is here is not all there is of it.
bool points_elsewhere(std::string_view name) {
  return name == "user.overlay.redirect" || name == "user.overlay.metacopy" || name == "trusted.overlay.redirect" ||
         name == "trusted.overlay.metacopy";
}

// Attributes of a file system that has none are none.
Result<void> read_xattrs(int fd, Entry& entry) {
  char inline_names[1024];
  std::string names;
  ssize_t size = ::flistxattr(fd, inline_names, sizeof inline_names);
  if (size > 0) names.assign(inline_names, static_cast<std::size_t>(size));
  if (size < 0 && errno == ERANGE) {
    names.resize(kXattrLimit);
    size = ::flistxattr(fd, names.data(), names.size());
    names.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  }
  if (size < 0) return errno == EOPNOTSUPP ? Result<void>() : errno_error("reading the attributes of " + entry.path);
  for (std::size_t at = 0; at < names.size();) {
    const std::string name(names.c_str() + at);
    at += name.size() + 1;
    if (points_elsewhere(name)) {
      return fail(Code::kUnsupported, "/" + entry.path + " lies elsewhere, says its attribute " + name)
          .with_hint(
              "the kernel's overlay does so where its parameters redirect_dir or metacopy are on: turn them off");
    }
    if (!is_portable_xattr(name)) continue;
    std::string value(kXattrLimit, '\0');
    const ssize_t got = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
    if (got < 0 && (errno == ENODATA || errno == EPERM)) continue;
    if (got < 0) return errno_error("reading attribute " + name + " of " + entry.path);
    value.resize(static_cast<std::size_t>(got));
    entry.xattrs.emplace_back(name, std::move(value));
  }
  std::sort(entry.xattrs.begin(), entry.xattrs.end());
  return {};
}

Entry entry_of(std::string path, const struct stat& info) {
  Entry out;
  out.path = std::move(path);
  out.owner = {info.st_uid, info.st_gid};
  out.mode = info.st_mode & 07777;
  out.modified = {info.st_mtim.tv_sec, 0};
  out.accessed = out.modified;
  if (S_ISREG(info.st_mode)) {
    out.type = EntryType::kFile;
    out.size = info.st_size;
  } else if (S_ISDIR(info.st_mode)) {
    out.type = EntryType::kDirectory;
  } else if (S_ISLNK(info.st_mode)) {
    out.type = EntryType::kSymlink;
  } else if (S_ISCHR(info.st_mode)) {
    out.type = EntryType::kCharacterDevice;
    out.device = info.st_rdev;
  } else if (S_ISBLK(info.st_mode)) {
    out.type = EntryType::kBlockDevice;
    out.device = info.st_rdev;
  } else if (S_ISFIFO(info.st_mode)) {
    out.type = EntryType::kFifo;
  }
  return out;
}

Result<std::string> link_target(int dir, const std::string& name) {
  std::string out(4096, '\0');
  const ssize_t size = ::readlinkat(dir, name.c_str(), out.data(), out.size());
  if (size < 0) return errno_error("reading the link " + name);
  out.resize(static_cast<std::size_t>(size));
  return out;
}

// The file was there a moment ago.
bool vanished(const Error& error) {
  return error.err == ENOENT || error.err == ENOTDIR || error.err == ELOOP;
}

}  // namespace

// A name in a directory, as the layers have it from the top.
struct Walk::Name {
  std::size_t layer = 0;            // the topmost that has it
  std::vector<std::size_t> layers;  // of a directory: those that make it up
  bool whiteout = false, directory = false;
  bool closed = false;  // what lies deeper does not show
};

// A directory in one layer.
struct Walk::Opened {
  std::size_t layer;
  Fd fd;
};

bool Walk::has_mark(int fd, const char* attribute, char value) const {
  for (const std::string& prefix : {overlay_prefix_, std::string("user.fuseoverlayfs.")}) {
    char got = 0;
    if (::fgetxattr(fd, (prefix + attribute).c_str(), &got, 1) == 1 && got == value) return true;
  }
  return false;
}

bool Walk::is_left_out(const std::string& path, bool empty) const {
  return empty && std::find(left_out_.begin(), left_out_.end(), path) != left_out_.end();
}

Result<void> Walk::read_names(const Opened& opened, std::map<std::string, Name>& names) const {
  const int dir = opened.fd.get();
  // Files instead of device nodes mark what is taken away, where the kernel allows no nodes.
  const bool marked_by_files = has_mark(dir, "opaque", 'x');
  TRY_SET(const std::vector<std::string> all, list_dir(dir));
  for (const std::string& name : all) {
    struct stat info {};
    if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      return errno_error("reading " + name);
    }
    bool whiteout = S_ISCHR(info.st_mode) && info.st_rdev == makedev(0, 0);
    std::string hidden = name;
    if (name.starts_with(kWhiteout) && S_ISREG(info.st_mode) && info.st_size == 0) {
      if (name == kOpaque) continue;
      whiteout = true;
      hidden.erase(0, kWhiteout.size());
    } else if (marked_by_files && S_ISREG(info.st_mode) && info.st_size == 0) {
      const auto file = open_at(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      whiteout = file.ok() && ::fgetxattr(file->get(), (overlay_prefix_ + "whiteout").c_str(), nullptr, 0) >= 0;
    }
    const bool directory = S_ISDIR(info.st_mode);
    auto [found, fresh] = names.try_emplace(hidden);
    Name& known = found->second;
    if (fresh) {
      known = {opened.layer, {}, whiteout, directory, false};
    } else if (known.layer == opened.layer) {
      // Both ".wh.x" and "x": what is there counts, and hides what lies deeper.
      if (known.whiteout) known = {opened.layer, {}, false, directory, true};
      known.closed = true;
    } else if (known.closed) {
      continue;
    }
    if (directory && known.directory) known.layers.push_back(opened.layer);
    if (!directory || whiteout) known.closed = true;
  }
  return {};
}

Result<void> Walk::directory(const std::string& path, const std::vector<std::size_t>& layers, const Visit& visit) {
  std::map<std::string, Name> names;
  std::map<std::size_t, Fd> dirs;
  bool opaque = false;
  for (const std::size_t layer : layers) {
    auto fd = open_beneath(roots_[layer].get(), path.empty() ? "." : path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!fd.ok() && vanished(fd.error())) continue;
    if (!fd.ok()) return std::move(fd).error();
    Opened opened{layer, std::move(*fd)};
    auto read = read_names(opened, names);
    if (!read.ok()) return std::move(read).error().within("/" + path);
    struct stat info {};
    opaque = has_mark(opened.fd.get(), "opaque", 'y') || ::fstatat(opened.fd.get(), kOpaque.data(), &info, 0) == 0;
    dirs.emplace(layer, std::move(opened.fd));
    if (opaque) break;
  }
  if (dirs.empty()) return {};
  struct stat info {};
  if (::fstat(dirs.begin()->second.get(), &info) != 0) return errno_error("reading /" + path);
  Entry entry = entry_of(path, info);
  TRY(read_xattrs(dirs.begin()->second.get(), entry));
  if (is_left_out(path, names.empty())) return {};
  TRY(visit(entry, -1));
  if (mode_ == Mode::kChanges && opaque) TRY(mark(below(path, kOpaque), visit));
  // Files first: no directory stays open while others are walked.
  for (const auto& [name, what] : names) {
    if (what.whiteout) {
      if (mode_ == Mode::kChanges) TRY(mark(below(path, std::string(kWhiteout) + name), visit));
    } else if (!what.directory) {
      TRY(one(below(path, name), dirs.at(what.layer).get(), name, visit));
    }
  }
  dirs.clear();
  for (const auto& [name, what] : names) {
    if (!what.whiteout && what.directory) TRY(directory(below(path, name), what.layers, visit));
  }
  return {};
}

Result<void> Walk::mark(const std::string& path, const Visit& visit) {
  Entry entry;
  entry.type = EntryType::kFile;
  entry.path = path;
  return visit(entry, -1);
}

Result<void> Walk::one(const std::string& path, int dir, const std::string& name, const Visit& visit) {
  if (name.starts_with(kWhiteout)) {
    skipped_.push_back(path);
    return {};
  }
  struct stat info {};
  if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? Result<void>() : errno_error("reading /" + path);
  }
  Fd content;
  if (S_ISREG(info.st_mode)) {
    if (is_left_out(path, info.st_size == 0)) return {};
    auto fd = open_at(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!fd.ok() && vanished(fd.error())) return {};
    if (!fd.ok()) return std::move(fd).error().within("/" + path);
    content = std::move(*fd);
    if (::fstat(content.get(), &info) != 0) return errno_error("reading /" + path);
  }
  Entry entry = entry_of(path, info);
  // Sockets belong to processes.
  if (entry.type == EntryType::kOther || entry.type == EntryType::kDirectory) return {};
  if (info.st_nlink > 1) {
    const auto [first, fresh] = links_.try_emplace({info.st_dev, info.st_ino}, path);
    if (!fresh) {
      entry.type = EntryType::kHardLink;
      entry.link = first->second;
      entry.size = 0;
      return visit(entry, -1);
    }
  }
  if (content) TRY(read_xattrs(content.get(), entry));
  if (entry.type == EntryType::kSymlink) {
    TRY_SET(entry.link, link_target(dir, name));
  }
  return visit(entry, content.get());
}

Result<void> Walk::run(const Visit& visit) {
  std::vector<std::size_t> all(mode_ == Mode::kChanges ? 1 : roots_.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return directory({}, all, visit);
}

}  // namespace creel::storage::pack
