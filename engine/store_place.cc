#include "engine/store_place.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "engine/node_storage.h"
#include "rootless/store_probe.h"
#include "storage/paths.h"

namespace creel::engine {

namespace {

// What is found out: "HOME\0STORE\0REASON".
constexpr const char* kName = "store-place";
// Of the named place that was last found to be good: "STORE".
constexpr const char* kNamed = "named-store-place";
// An answer that could not be found out (no subordinate IDs yet) is not asked for at each command, and not for ever.
constexpr std::int64_t kUntriedSeconds = 60;
constexpr const char* kUntried = "untried";

// File systems whose stores need no trial. (ZFS is in no header.)
bool is_local(const struct statfs& fs) {
  static constexpr std::array<long, 6> kLocal = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC,  BTRFS_SUPER_MAGIC,
                                                 TMPFS_MAGIC,      F2FS_SUPER_MAGIC, 0x2fc12fc1};
  return std::find(kLocal.begin(), kLocal.end(), static_cast<long>(fs.f_type)) != kLocal.end();
}

std::optional<StorePlace> remembered(const rootless::Directories& home) {
  const std::string file = home.runtime + "/" + kName;
  auto text = read_file(file, 3 * 4096);
  if (!text.ok()) return std::nullopt;
  const std::vector<std::string> parts = split(*text, '\0');
  if (parts.size() != 3 || parts[0] != home.store || !parts[1].starts_with('/')) return std::nullopt;
  if (parts[2] != kUntried) return StorePlace{parts[1], parts[2], false};
  struct stat info {};
  const std::int64_t now = now_ns() / 1000000000;
  if (stat(file.c_str(), &info) != 0 || now - info.st_mtime > kUntriedSeconds || now < info.st_mtime)
    return std::nullopt;
  return StorePlace{parts[1], {}, false};
}

// Where something can be tried: the store may not be there yet.
std::string nearest_directory(std::string path) {
  while (path.size() > 1) {
    if (access(path.c_str(), F_OK) == 0) return path;
    path.resize(std::max<std::size_t>(path.find_last_of('/'), 1));
  }
  return "/";
}

// Nobody but root and us can replace what is in it.
bool is_safe(const std::string& dir) {
  struct stat info {};
  if (lstat(dir.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return false;
  if (info.st_uid != 0 && info.st_uid != geteuid()) return false;
  return (info.st_mode & 0022) == 0 || (info.st_mode & S_ISVTX) != 0;
}

// The first directory on the way to a resolved path, itself included, in which others can replace what it leads to.
std::string unsafe_part(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (!is_safe(part)) return part;
    if (end == std::string::npos) return {};
  }
}

Result<void> make_node_store(const std::string& store) {
  return rootless::make_private(store, "the store on this node", "CREEL_NODE_STORAGE");
}

// The home's own place, where no other is better.
Result<StorePlace> on_this_node(const rootless::Directories& home, std::string reason) {
  std::string unsafe;
  for (const std::string& named : node_directories()) {
    (void)make_dirs(named, 0700).ok();
    // A link on the way there that is another's may lead elsewhere tomorrow.
    const std::unique_ptr<char, decltype(&free)> real(realpath(named.c_str(), nullptr), free);
    if (!real) continue;
    const std::string dir(real.get());
    if (unsafe = unsafe_part(dir); !unsafe.empty()) continue;
    const std::string store = dir + "/" + node_store_name(home.store);
    TRY(make_node_store(store));
    auto refused = rootless::store_refusal(rootless::Identity::kUser, home.runtime, store, rootless::Needs::kAll);
    if (refused.ok() && refused->empty()) return StorePlace{store, std::move(reason), true};
    rmdir(store.c_str());  // only where nothing is in it
  }
  if (const char* own = std::getenv("CREEL_NODE_STORAGE"); own != nullptr && *own != '\0' && !unsafe.empty()) {
    return fail(Code::kDenied, "CREEL_NODE_STORAGE " + std::string(own) + ": others can replace what is in " + unsafe)
        .with_hint("set it to a directory that only you can write, on a way of such directories");
  }
  return StorePlace{home.store, {}, true};
}

}  // namespace

Result<StorePlace> store_place(const rootless::Directories& home) {
  if (auto known = remembered(home)) {
    // Where others can write, it is looked at each time: what cleans up may have taken it away, and another come first.
    if (!known->reason.empty()) TRY(make_node_store(known->store));
    return std::move(*known);
  }
  const storage::Paths paths{home.store, home.runtime};
  struct statfs fs {};
  const bool made = statfs(paths.marker().c_str(), &fs) == 0;
  if (made && is_local(fs)) return StorePlace{home.store, {}, false};
  // One that has been made stays where overlay alone is refused: fuse-overlayfs serves it.
  auto refused = rootless::store_refusal(rootless::Identity::kUser, home.runtime, nearest_directory(home.store),
                                         made ? rootless::Needs::kContents : rootless::Needs::kAll);
  StorePlace out{home.store, {}, true};
  if (refused.ok() && !refused->empty()) {
    TRY_SET(out, on_this_node(home, std::move(*refused)));
  }
  const std::string& reason = refused.ok() ? out.reason : kUntried;
  const char zero = '\0';
  (void)write_atomic(home.runtime + "/" + kName, home.store + zero + out.store + zero + reason).ok();
  return out;
}

Result<void> check_named_place(const rootless::Directories& named) {
  const storage::Paths paths{named.store, named.runtime};
  const std::string nearest = nearest_directory(named.store);
  struct statfs fs {};
  if (statfs(nearest.c_str(), &fs) != 0 || is_local(fs)) return {};
  const std::string file = named.runtime + "/" + kNamed;
  if (auto known = read_file(file, 4096); known.ok() && *known == named.store) return {};
  const bool made = path_exists(paths.marker());
  auto refused = rootless::store_refusal(rootless::Identity::kUser, named.runtime, nearest,
                                         made ? rootless::Needs::kContents : rootless::Needs::kAll);
  // Without subordinate IDs nothing can be tried; what fails says so itself.
  if (!refused.ok()) return {};
  if (!refused->empty()) {
    return fail(Code::kUnsupported, "--root " + named.store + " cannot be a store (" + *refused + ")")
        .with_hint("name a directory on a disk of this node; without --root a place is found");
  }
  (void)write_atomic(file, named.store).ok();
  return {};
}

}  // namespace creel::engine
