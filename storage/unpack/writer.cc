#include "storage/unpack/writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/disk_meter.h"
#include "base/file.h"

namespace creel::storage::unpack {

namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kReserved = ".wh..wh.";  // aufs' own; all but the opaque mark mean nothing elsewhere
constexpr std::string_view kOpaque = ".wh..wh..opq";

bool in_reserved_directory(std::string_view parent) {
  return parent.starts_with(kReserved) || parent.find("/.wh..wh.") != std::string_view::npos;
}

int result_of(int returned) {
  return returned == 0 ? 0 : errno;
}

}  // namespace

Writer::Writer(Fd root, const Options& options)
    : options_(options), marks_(options.user_xattr), tree_(std::move(root), marks_) {
  struct stat st {};
  // In a set-gid directory new files belong to its group.
  const bool inherits = ::fstat(tree_.root(), &st) == 0 && (st.st_mode & S_ISGID) != 0;
  born_ = {::geteuid(), inherits ? st.st_gid : ::getegid()};
}

Result<void> Writer::add(const Entry& entry, const Content& content) {
  if (entry.path.empty()) return add_root(entry);
  const auto [parent, name] = split_path(entry.path);
  if (entry.type == EntryType::kOther || in_reserved_directory(parent)) return {};
  if (name.starts_with(kReserved) && name != kOpaque) return {};
  TRY_SET(const Place at, place(entry.path));
  if (name.starts_with(kWhiteout)) return add_whiteout(entry, at);
  switch (entry.type) {
    case EntryType::kFile:
      return add_file(entry, at, content);
    case EntryType::kDirectory:
      return add_directory(entry, at);
    case EntryType::kSymlink:
      return add_symlink(entry, at);
    case EntryType::kHardLink:
      return add_hard_link(entry, at);
    case EntryType::kCharacterDevice:
    case EntryType::kBlockDevice:
    case EntryType::kFifo:
      return add_node(entry, at);
    case EntryType::kOther:
      break;
  }
  return {};
}

Result<Writer::Place> Writer::place(const std::string& path) {
  const auto [parent, name] = split_path(path);
  TRY_SET(int dir, tree_.directory(parent, Tree::Missing::kCreate));
  return Place{dir, std::string(name)};
}

// Makes something new at a place. What an earlier entry of this layer left there gives way.
Result<void> Writer::create(const Entry& entry, const Place& at, std::string_view action, const Make& make) {
  int err = make(at.dir, at.name.c_str());
  if (err == EEXIST) {
    TRY(clear(entry.path, at));
    TRY_SET(const Place again, place(entry.path));
    err = make(again.dir, again.name.c_str());
  }
  if (err != 0) return entry_error(action, entry.path, err);
  return {};
}

Result<void> Writer::clear(const std::string& path, const Place& at) {
  struct stat st {};
  if (::fstatat(at.dir, at.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return entry_error("replace", path, errno);
  if (S_ISREG(st.st_mode) && st.st_nlink == 1) tree_size_ -= st.st_size;
  if (auto removed = remove_tree_at(at.dir, at.name); !removed)
    return entry_error("replace", path, removed.error().err);
  if (S_ISDIR(st.st_mode)) {
    recount_ = true;
    directories_.erase(path);
    const std::string beneath = path + "/";
    auto each = directories_.lower_bound(beneath);
    while (each != directories_.end() && each->first.starts_with(beneath)) each = directories_.erase(each);
  }
  tree_.forget();
  return {};
}

Result<std::int64_t> Writer::tree_size() const {
  if (!recount_) return tree_size_;
  TRY_SET(const DiskUse use, DiskMeter().measure(tree_.root(), "."));
  return use.content;
}

Result<void> Writer::add_root(const Entry& entry) {
  if (entry.type != EntryType::kDirectory) return refuse("/", "the root of a layer is a directory");
  TRY(set_xattrs(tree_.root(), entry, {}));
  remember(entry);
  return {};
}

// A whiteout concerns lower layers only: what this layer itself put there stays, whichever came first.
Result<void> Writer::add_whiteout(const Entry& entry, const Place& at) {
  if (at.name == kOpaque) {
    auto marked = marks_.make_opaque(at.dir);
    return marked.ok() ? Result<void>{} : std::move(marked).error().within("unpack " + printable(entry.path));
  }
  const std::string hidden = at.name.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == "..") return refuse(entry.path, "it hides no name");
  auto made = marks_.make_whiteout(at.dir, hidden);
  if (made.ok()) return {};
  if (made.error().err != EEXIST) return std::move(made).error().within("unpack " + printable(entry.path));
  auto existing = open_at(at.dir, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!existing) return {};
  return marks_.make_opaque(existing->get());
}

Result<void> Writer::add_file(const Entry& entry, const Place& at, const Content& content) {
  Fd file;
  TRY(create(entry, at, "create", [&](int dir, const char* name) {
    file = Fd(::openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    return file ? 0 : errno;
  }));
  TRY(write(file.get(), entry, content));
  return set_file_attributes(file.get(), entry);
}

Result<void> Writer::write(int fd, const Entry& entry, const Content& content) {
  std::int64_t end = 0;
  for (Chunk chunk;;) {
    TRY_SET(const bool more, content(chunk));
    if (!more) break;
    if (chunk.offset < end || chunk.offset > entry.size - static_cast<std::int64_t>(chunk.bytes.size()))
      return refuse(entry.path, "its parts do not fit its size");
    end = chunk.offset;
    while (!chunk.bytes.empty()) {
      const ssize_t n = ::pwrite(fd, chunk.bytes.data(), chunk.bytes.size(), end);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return entry_error("write", entry.path, errno);
      chunk.bytes.remove_prefix(static_cast<std::size_t>(n));
      end += n;
    }
  }
  if (end < entry.size && ::ftruncate(fd, entry.size) != 0) {
    if (errno == EFBIG || errno == EINVAL) return refuse(entry.path, "the file system holds no file of its size");
    return entry_error("write", entry.path, errno);
  }
  tree_size_ += entry.size;
  return {};
}

Result<void> Writer::add_directory(const Entry& entry, const Place& at) {
  int dir = at.dir;
  if (::mkdirat(dir, at.name.c_str(), 0700) != 0) {
    if (errno != EEXIST) return entry_error("create directory", entry.path, errno);
    struct stat st {};
    if (::fstatat(dir, at.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
      return entry_error("create directory", entry.path, errno);
    if (!S_ISDIR(st.st_mode)) {
      const bool hides = marks_.is_whiteout(dir, at.name, st);
      TRY(clear(entry.path, at));
      TRY_SET(const Place again, place(entry.path));
      dir = again.dir;
      if (::mkdirat(dir, at.name.c_str(), 0700) != 0) return entry_error("create directory", entry.path, errno);
      if (hides) {
        TRY_SET(Fd made, open_at(dir, at.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        TRY(marks_.make_opaque(made.get()));
      }
    }
  }
  if (!entry.xattrs.empty()) {
    TRY_SET(Fd made, open_at(dir, at.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY(set_xattrs(made.get(), entry, {}));
  }
  remember(entry);
  return {};
}

Result<void> Writer::add_symlink(const Entry& entry, const Place& at) {
  if (entry.link.empty()) return refuse(entry.path, "a symbolic link to nothing");
  TRY(create(entry, at, "create symbolic link",
             [&](int dir, const char* name) { return result_of(::symlinkat(entry.link.c_str(), dir, name)); }));
  return set_node_attributes(entry);
}

Result<void> Writer::add_hard_link(const Entry& entry, const Place& at) {
  const auto absent = [&] {
    return refuse(entry.path, "it is a hard link to '" + printable(entry.link) + "', which is not in the layer");
  };
  if (entry.link.empty()) return absent();
  // Not a structured binding: a lambda of C++20 may capture one, but clang before 16 says no.
  const auto path = split_path(entry.link);
  const std::string_view parent = path.first;
  const std::string target_name(path.second);
  auto source = tree_.directory(parent, Tree::Missing::kFail);
  if (!source) return source.error().code == Code::kNotFound ? Result<void>(absent()) : std::move(source).error();
  struct stat from {};
  if (::fstatat(*source, target_name.c_str(), &from, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? absent() : entry_error("link", entry.path, errno);
  if (S_ISDIR(from.st_mode)) return refuse(entry.path, "it is a hard link to a directory");
  struct stat to {};
  if (::fstatat(at.dir, at.name.c_str(), &to, AT_SYMLINK_NOFOLLOW) == 0) {
    if (to.st_dev == from.st_dev && to.st_ino == from.st_ino) return {};
    // The link's own target may lie in a directory that it replaces.
    if (S_ISDIR(to.st_mode) && entry.link.starts_with(entry.path + "/")) return absent();
  }
  return create(entry, at, "link", [&](int dir, const char* name) {
    // Looked up anew: create() may have replaced a directory, and with it every descriptor that the tree kept.
    auto from_dir = tree_.directory(parent, Tree::Missing::kFail);
    if (!from_dir) return from_dir.error().err != 0 ? from_dir.error().err : ENOENT;
    return result_of(::linkat(*from_dir, target_name.c_str(), dir, name, 0));
  });
}

Result<void> Writer::add_node(const Entry& entry, const Place& at) {
  const mode_t kind = entry.type == EntryType::kFifo              ? S_IFIFO
                      : entry.type == EntryType::kCharacterDevice ? S_IFCHR
                                                                  : S_IFBLK;
  bool skipped = false;
  TRY(create(entry, at, "create device", [&](int dir, const char* name) {
    const int err = result_of(::mknodat(dir, name, kind | 0600, entry.device));
    // A user namespace may make no devices, and needs none: the runtime makes a container's own /dev.
    skipped = err == EPERM && kind != S_IFIFO && options_.user_xattr;
    return skipped ? 0 : err;
  }));
  return skipped ? Result<void>{} : set_node_attributes(entry);
}

Result<void> Writer::finish() {
  // Children first: a directory that ends up closed to us must not stand in their way.
  for (auto each = directories_.rbegin(); each != directories_.rend(); ++each) {
    TRY(set_directory_attributes(each->first, each->second));
  }
  return {};
}

}  // namespace creel::storage::unpack
