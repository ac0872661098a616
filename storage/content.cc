// Store: blobs, layers and staging.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "storage/database.h"
#include "storage/names.h"
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

Result<void> insert_layer(Database& db, const LayerRecord& layer) {
  TRY_SET(Statement insert, db.prepare("INSERT OR REPLACE INTO layers(diff_id, size) VALUES(?,?)"));
  insert.bind(layer.diff_id.hex()).bind(layer.size);
  TRY(insert.step());
  return {};
}

Result<void> Store::publish_layer(const Staging& staging, const std::string& name, const LayerRecord& layer) {
  TRY_SET(Writing writing, write(false));
  TRY(insert_layer(*db_, layer));
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
  const std::string path = paths_.staging() + "/" + random_work_name();
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

}  // namespace creel::storage
