// Store: blobs, layers, staging and garbage.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "storage/database.h"
#include "storage/store.h"
#include "storage/writing.h"

namespace creel::storage {

namespace {

bool exists(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

// Renames into place; another process that was first is as good.
Result<void> publish(int dir, const std::string& name, const std::string& target) {
  if (renameat2(dir, name.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0 || errno == EEXIST) return {};
  // File systems without the flag (NFS): a plain rename replaces a blob by the same bytes, and no directory that is not
  // empty.
  if (errno == EINVAL) {
    if (exists(target) || renameat(dir, name.c_str(), AT_FDCWD, target.c_str()) == 0) return {};
    if (errno == EEXIST || errno == ENOTEMPTY) return {};
  }
  return errno_error("publishing " + target);
}

}  // namespace

Staging::Staging(std::string path, Fd dir, FileLock lock)
    : path_(std::move(path)), dir_(std::move(dir)), lock_(std::move(lock)) {}
Staging::Staging(Staging&&) noexcept = default;
Staging& Staging::operator=(Staging&& other) noexcept {
  if (this != &other) {
    discard();
    path_ = std::move(other.path_);
    dir_ = std::move(other.dir_);
    lock_ = std::move(other.lock_);
  }
  return *this;
}
Staging::~Staging() {
  discard();
}

void Staging::discard() noexcept {
  if (!dir_.valid()) return;
  dir_.reset();
  const std::size_t slash = path_.rfind('/');
  auto parent = open_file(path_.substr(0, slash), O_RDONLY | O_DIRECTORY);
  if (!parent.ok()) return;
  const std::string name = path_.substr(slash + 1);
  // Tree first: as long as the lock file is there, the tree is known to be dead or alive.
  if (remove_tree_at(parent->get(), name).ok()) unlinkat(parent->get(), (name + ".lock").c_str(), 0);
}

bool Store::has_blob(const Digest& digest) const {
  return exists(paths_.blob(digest.hex()));
}

Result<Fd> Store::open_blob(const Digest& digest) const {
  auto fd = open_file(paths_.blob(digest.hex()), O_RDONLY | O_NOFOLLOW);
  if (!fd.ok() && fd.error().err == ENOENT)
    return fail(Code::kNotFound, "blob " + digest.text() + " is not in the store");
  return fd;
}

Result<void> Store::publish_blob(const Staging& staging, const std::string& name, const Digest& digest) {
  return publish(staging.dir(), name, paths_.blob(digest.hex()));
}

bool Store::has_layer(const Digest& diff_id) const {
  return exists(paths_.layer(diff_id.hex()));
}

Result<void> Store::publish_layer(const Staging& staging, const std::string& name, const LayerRecord& layer) {
  TRY_SET(Writing writing, write(false));
  {
    TRY_SET(Statement insert, db_->prepare("INSERT OR REPLACE INTO layers(diff_id, size) VALUES(?,?)"));
    insert.bind(layer.diff_id.hex()).bind(layer.size);
    TRY(insert.step());
  }
  TRY(writing.commit());
  // After the record, still under the lock: killed in between, there is a record without a layer, which counts as none,
  // and not a layer whose size nobody knows.
  return publish(staging.dir(), name, paths_.layer(layer.diff_id.hex()));
}

Result<std::optional<LayerRecord>> Store::layer(const Digest& diff_id) {
  if (empty() || !has_layer(diff_id)) return std::optional<LayerRecord>();
  TRY_SET(Statement rows, db_->prepare("SELECT size FROM layers WHERE diff_id=?"));
  rows.bind(diff_id.hex());
  TRY_SET(const bool row, rows.step());
  if (!row) return std::optional<LayerRecord>();
  return std::optional(LayerRecord{diff_id, rows.number(0)});
}

Result<Staging> Store::new_staging() {
  TRY(make_writable());
  TRY(settle());
  TRY(reclaim_staging());
  return make_staging();
}

Result<Staging> Store::make_staging() {
  const std::string path = paths_.staging() + "/" + random_hex(8);
  // Locked before the directory exists: nobody can take it for dead.
  TRY_SET(FileLock lock, FileLock::acquire(path + std::string(kLockSuffix)));
  if (mkdir(path.c_str(), 0700) != 0) {
    Error error = errno_error("making directory " + path);
    unlink((path + std::string(kLockSuffix)).c_str());
    return error;
  }
  TRY_SET(Fd dir, open_file(path, O_RDONLY | O_DIRECTORY));
  return Staging(path, std::move(dir), std::move(lock));
}

Result<void> Store::reclaim_staging() {
  TRY_SET(Fd dir, open_file(paths_.staging(), O_RDONLY | O_DIRECTORY));
  TRY_SET(std::vector<std::string> names, list_dir(dir.get()));
  for (std::string& name : names) {
    if (name.ends_with(kLockSuffix)) name.resize(name.size() - kLockSuffix.size());
    // A directory whose lock file is gone is dead as well: the lock comes first and goes last.
    if (name.ends_with(kTransferSuffix) || name.starts_with(kBootName)) continue;
    const std::string lock_name = name + std::string(kLockSuffix);
    TRY_SET(auto lock, FileLock::try_acquire_at(dir.get(), lock_name));
    if (!lock) continue;
    // A tree that cannot be removed (no rights: outside the user namespace) waits for a process that can.
    if (remove_tree_at(dir.get(), name).ok()) unlinkat(dir.get(), lock_name.c_str(), 0);
  }
  return {};
}

Result<FileLock> Store::lock_transfer(const Digest& digest) {
  TRY(make_writable());
  TRY(settle());
  return FileLock::acquire(paths_.staging() + "/" + digest.hex() + std::string(kTransferSuffix));
}

Result<std::vector<FileLock>> Store::lock_transfers(std::vector<Digest> digests) {
  std::sort(digests.begin(), digests.end());
  digests.erase(std::unique(digests.begin(), digests.end()), digests.end());
  std::vector<FileLock> out;
  for (const Digest& digest : digests) {
    TRY_SET(FileLock lock, lock_transfer(digest));
    out.push_back(std::move(lock));
  }
  return out;
}

bool Store::settled() const {
  auto text = read_file(paths_.boot(), 128);
  return text.ok() && *text == boot_id();
}

Result<void> Store::settle() {
  if (settled_ || settled()) {
    settled_ = true;
    return {};
  }
  TRY(collect(true));
  settled_ = true;
  return {};
}

Result<std::int64_t> Store::collect_garbage() {
  TRY(make_writable());
  return collect(false);
}

Result<std::int64_t> Store::collect(bool at_boot) {
  TRY(reclaim_staging());
  // What goes is moved here under the lock and deleted when the lock is released: thousands of files are no short
  // transaction. Killed in between, this is dead staging like any other.
  TRY_SET(Staging grave, make_staging());
  std::int64_t freed = 0;
  {
    TRY_SET(Writing writing, write(false));
    if (at_boot && settled()) return freed;
    TRY_SET(freed, sweep(grave));
    TRY(writing.commit());
    if (!settled()) TRY(write_atomic(paths_.boot(), boot_id()));
  }
  return freed;
}

Result<std::int64_t> Store::sweep(const Staging& grave) {
  std::set<std::string> blobs, layers;
  {
    TRY_SET(Statement rows, db_->prepare("SELECT blobs, diff_ids FROM images"));
    for (;;) {
      TRY_SET(const bool row, rows.step());
      if (!row) break;
      for (const std::string& hex : split(rows.text(0), ' ')) blobs.insert(hex);
      for (const std::string& hex : split(rows.text(1), ' ')) layers.insert(hex);
    }
  }
  std::map<std::string, std::int64_t> sizes;
  {
    TRY_SET(Statement rows, db_->prepare("SELECT diff_id, size FROM layers"));
    for (;;) {
      TRY_SET(const bool row, rows.step());
      if (!row) break;
      sizes[rows.text(0)] = rows.number(1);
    }
  }
  TRY_SET(Fd staging, open_file(paths_.staging(), O_RDONLY | O_DIRECTORY));
  std::int64_t freed = 0;
  auto bury = [&](const std::string& path, const std::set<std::string>& reached, bool is_layers) -> Result<void> {
    TRY_SET(Fd dir, open_file(path, O_RDONLY | O_DIRECTORY));
    TRY_SET(std::vector<std::string> names, list_dir(dir.get()));
    for (const std::string& name : names) {
      if (reached.contains(name) || !Digest::from_hex(name).ok()) continue;
      // A transfer holds the locks of all it will name until its image is recorded. Held here until the name is gone:
      // who waits for it then finds that there is nothing.
      const std::string transfer = name + std::string(kTransferSuffix);
      TRY_SET(auto lock, FileLock::try_acquire_at(staging.get(), transfer));
      if (!lock) continue;
      struct stat info {};
      if (fstatat(dir.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      // A layer that is half there must never be taken for whole: it vanishes in one rename.
      const std::string dead = (is_layers ? "layer-" : "blob-") + name;
      if (renameat(dir.get(), name.c_str(), grave.dir(), dead.c_str()) != 0) {
        return errno_error("removing " + path + "/" + name);
      }
      freed += is_layers ? sizes[name] : static_cast<std::int64_t>(info.st_blocks) * 512;
      unlinkat(staging.get(), transfer.c_str(), 0);
    }
    return {};
  };
  TRY(bury(paths_.layers(), layers, true));
  TRY(bury(paths_.blobs(), blobs, false));
  for (const auto& [hex, size] : sizes) {
    if (layers.contains(hex) || exists(paths_.layer(hex))) continue;
    TRY_SET(Statement remove, db_->prepare("DELETE FROM layers WHERE diff_id=?"));
    remove.bind(hex);
    TRY(remove.step());
  }
  // A container's record comes before its directory and goes before the last of it: without one, its remover was
  // killed.
  {
    std::set<std::string> containers;
    TRY_SET(Statement rows, db_->prepare("SELECT id FROM containers"));
    for (;;) {
      TRY_SET(const bool row, rows.step());
      if (!row) break;
      containers.insert(rows.text(0));
    }
    TRY_SET(Fd dir, open_file(paths_.containers(), O_RDONLY | O_DIRECTORY));
    TRY_SET(std::vector<std::string> names, list_dir(dir.get()));
    for (const std::string& name : names) {
      if (containers.contains(name) || !Digest::from_hex(name).ok()) continue;
      const std::string dead = "container-" + name;
      if (renameat(dir.get(), name.c_str(), grave.dir(), dead.c_str()) != 0 && errno != ENOENT) {
        return errno_error("removing " + paths_.container(name));
      }
    }
  }
  // Lock files of transfers that are over.
  TRY_SET(std::vector<std::string> left, list_dir(staging.get()));
  for (const std::string& name : left) {
    if (name.starts_with(std::string(kBootName) + ".tmp.")) unlinkat(staging.get(), name.c_str(), 0);
    if (!name.ends_with(kTransferSuffix)) continue;
    TRY_SET(auto lock, FileLock::try_acquire_at(staging.get(), name));
    if (lock) unlinkat(staging.get(), name.c_str(), 0);
  }
  return freed;
}

}  // namespace creel::storage
