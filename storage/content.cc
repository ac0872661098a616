// Store: blobs, layers, staging and garbage.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "storage/database.h"
#include "storage/store.h"
#include "storage/writing.h"

namespace creel::storage {

namespace {

constexpr const char* kTransferSuffix = ".transfer";

bool exists(const std::string& path) {
  struct stat info{};
  return lstat(path.c_str(), &info) == 0;
}

// Renames into place; another process that was first is as good.
Result<void> publish(int dir, const std::string& name, const std::string& target) {
  if (renameat2(dir, name.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0 || errno == EEXIST) return {};
  return errno_error("publishing " + target);
}

// Bytes that a tree takes; subordinate owners make it readable only inside the user namespace.
std::int64_t disk_usage(int dir, const std::string& name) {
  struct stat info{};
  if (fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  std::int64_t total = static_cast<std::int64_t>(info.st_blocks) * 512;
  if (!S_ISDIR(info.st_mode)) return total;
  auto fd = open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!fd.ok()) return total;
  auto names = list_dir(fd->get());
  if (!names.ok()) return total;
  for (const std::string& child : *names) total += disk_usage(fd->get(), child);
  return total;
}

}  // namespace

Staging::Staging(std::string path, Fd dir, FileLock lock) : path_(std::move(path)), dir_(std::move(dir)), lock_(std::move(lock)) {}
Staging::Staging(Staging&&) noexcept = default;
Staging& Staging::operator=(Staging&&) noexcept = default;

Staging::~Staging() {
  if (!dir_.valid()) return;
  const std::size_t slash = path_.rfind('/');
  auto parent = open_file(path_.substr(0, slash), O_RDONLY | O_DIRECTORY);
  if (!parent.ok()) return;
  const std::string name = path_.substr(slash + 1);
  // Tree first: as long as the lock file is there, the tree is known to be dead or alive.
  if (remove_tree_at(parent->get(), name).ok()) unlinkat(parent->get(), (name + ".lock").c_str(), 0);
}

bool Store::has_blob(const Digest& digest) const { return exists(paths_.blob(digest.hex())); }

Result<Fd> Store::open_blob(const Digest& digest) const {
  auto fd = open_file(paths_.blob(digest.hex()), O_RDONLY | O_NOFOLLOW);
  if (!fd.ok() && fd.error().err == ENOENT) return fail(Code::kNotFound, "blob " + digest.text() + " is not in the store");
  return fd;
}

Result<void> Store::publish_blob(const Staging& staging, const std::string& name, const Digest& digest) {
  return publish(staging.dir(), name, paths_.blob(digest.hex()));
}

bool Store::has_layer(const Digest& diff_id) const { return exists(paths_.layer(diff_id.hex())); }

Result<void> Store::publish_layer(const Staging& staging, const std::string& name, const LayerRecord& layer) {
  TRY(publish(staging.dir(), name, paths_.layer(layer.diff_id.hex())));
  TRY_SET(Writing writing, write(false));
  {
    TRY_SET(Statement insert, db_->prepare("INSERT OR REPLACE INTO layers(diff_id, size) VALUES(?,?)"));
    insert.bind(layer.diff_id.hex()).bind(layer.size);
    TRY(insert.step());
  }
  return writing.commit();
}

Result<std::optional<LayerRecord>> Store::layer(const Digest& diff_id) {
  if (empty()) return std::optional<LayerRecord>();
  TRY_SET(Statement rows, db_->prepare("SELECT size FROM layers WHERE diff_id=?"));
  rows.bind(diff_id.hex());
  TRY_SET(const bool row, rows.step());
  if (!row) return std::optional<LayerRecord>();
  return std::optional(LayerRecord{diff_id, rows.number(0)});
}

Result<Staging> Store::new_staging() {
  TRY(make_writable());
  TRY(reclaim_staging());
  const std::string path = paths_.staging() + "/" + random_hex(8);
  // Locked before the directory exists: nobody can take it for dead.
  TRY_SET(FileLock lock, FileLock::acquire(path + ".lock"));
  if (mkdir(path.c_str(), 0700) != 0) return errno_error("making directory " + path);
  TRY_SET(Fd dir, open_file(path, O_RDONLY | O_DIRECTORY));
  return Staging(path, std::move(dir), std::move(lock));
}

Result<void> Store::reclaim_staging() {
  TRY_SET(Fd dir, open_file(paths_.staging(), O_RDONLY | O_DIRECTORY));
  TRY_SET(std::vector<std::string> names, list_dir(dir.get()));
  for (const std::string& name : names) {
    if (name.size() < 6 || name.substr(name.size() - 5) != ".lock") continue;
    TRY_SET(auto lock, FileLock::try_acquire_at(dir.get(), name));
    if (!lock) continue;
    // A tree that cannot be removed (no rights: outside the user namespace) waits for a process that can.
    if (remove_tree_at(dir.get(), name.substr(0, name.size() - 5)).ok()) unlinkat(dir.get(), name.c_str(), 0);
  }
  return {};
}

Result<FileLock> Store::lock_transfer(const Digest& digest) {
  TRY(make_writable());
  return FileLock::acquire(paths_.staging() + "/" + digest.hex() + kTransferSuffix);
}

Result<std::int64_t> Store::collect_garbage() {
  TRY(make_writable());
  TRY(reclaim_staging());
  TRY_SET(Writing writing, write(false));
  std::set<std::string> blobs;
  std::set<std::string> layers;
  {
    TRY_SET(Statement rows, db_->prepare("SELECT blobs, diff_ids FROM images"));
    for (;;) {
      TRY_SET(const bool row, rows.step());
      if (!row) break;
      for (const std::string& hex : split(rows.text(0), ' ')) blobs.insert(hex);
      for (const std::string& hex : split(rows.text(1), ' ')) layers.insert(hex);
    }
  }
  TRY_SET(Fd staging, open_file(paths_.staging(), O_RDONLY | O_DIRECTORY));
  std::int64_t freed = 0;
  std::vector<std::string> gone_layers;
  auto sweep = [&](const std::string& path, const std::set<std::string>& reached, bool is_layers) -> Result<void> {
    TRY_SET(Fd dir, open_file(path, O_RDONLY | O_DIRECTORY));
    TRY_SET(std::vector<std::string> names, list_dir(dir.get()));
    for (const std::string& name : names) {
      if (reached.contains(name) || !Digest::from_hex(name).ok()) continue;
      // A transfer holds the locks of all it will name until its image is recorded.
      const std::string transfer = name + kTransferSuffix;
      TRY_SET(auto lock, FileLock::try_acquire_at(staging.get(), transfer));
      if (!lock) continue;
      const std::int64_t size = disk_usage(dir.get(), name);
      // Not beneath its name while it vanishes: a layer that is half there must never be taken for whole.
      const std::string dead = "dead-" + name;
      if (is_layers) {
        if (renameat(dir.get(), name.c_str(), staging.get(), dead.c_str()) != 0) return errno_error("removing " + path + "/" + name);
        TRY(remove_tree_at(staging.get(), dead));
        gone_layers.push_back(name);
      } else if (unlinkat(dir.get(), name.c_str(), 0) != 0) {
        return errno_error("removing " + path + "/" + name);
      }
      freed += size;
      unlinkat(staging.get(), transfer.c_str(), 0);
    }
    return {};
  };
  TRY(sweep(paths_.layers(), layers, true));
  TRY(sweep(paths_.blobs(), blobs, false));
  // Left by a collector that was killed.
  TRY_SET(std::vector<std::string> left, list_dir(staging.get()));
  for (const std::string& name : left) {
    if (name.rfind("dead-", 0) == 0) TRY(remove_tree_at(staging.get(), name));
  }
  for (const std::string& hex : gone_layers) {
    TRY_SET(Statement remove, db_->prepare("DELETE FROM layers WHERE diff_id=?"));
    remove.bind(hex);
    TRY(remove.step());
  }
  TRY(writing.commit());
  return freed;
}

}  // namespace creel::storage
