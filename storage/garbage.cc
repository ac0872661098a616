#include "storage/garbage.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <set>

#include "base/disk_meter.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "storage/database.h"
#include "storage/names.h"
#include "storage/reserve.h"
#include "storage/store.h"
#include "storage/writing.h"

namespace creel::storage {

Result<void> Store::reclaim_staging() {
  TRY_SET(Fd dir, open_file(paths_.staging(), O_RDONLY | O_DIRECTORY));
  TRY_SET(std::vector<std::string> names, list_dir(dir.get()));
  for (std::string& name : names) {
    if (name.ends_with(kLockSuffix)) name.resize(name.size() - kLockSuffix.size());
    // A directory whose lock file is gone is dead as well: the lock comes first and goes last.
    if (staged_name(name).kind != StagedName::Kind::kWork) continue;
    const std::string lock_name = name + std::string(kLockSuffix);
    TRY_SET(auto lock, FileLock::try_acquire_at(dir.get(), lock_name));
    if (!lock) continue;
    // A tree that cannot be removed (no rights: outside the user namespace) waits for a process that can.
    if (remove_tree_at(dir.get(), name).ok()) unlinkat(dir.get(), lock_name.c_str(), 0);
  }
  return {};
}

Result<std::int64_t> Store::collect_garbage() {
  TRY(make_writable());
  return collect(false);
}

Result<std::int64_t> Store::collect(bool at_boot) {
  TRY(reclaim_staging());
  auto freed = with_reserve(paths_, [&]() -> Result<std::int64_t> {
    // What goes is moved here under the lock and deleted when the lock is released: thousands of files are no short
    // transaction. Killed in between, this is dead staging like any other.
    TRY_SET(Staging grave, make_staging());
    {
      TRY_SET(Writing writing, write(false));
      if (at_boot && settled()) return 0;
      TRY(storage::sweep(paths_, *db_, grave, {}));
      TRY(writing.commit());
      if (!settled()) TRY(write_atomic(paths_.boot(), boot_id()));
    }
    return measure_grave(grave);
  });
  keep_reserve(paths_);
  return freed;
}

Result<std::int64_t> collect_garbage(Store& store, const GarbageOptions& options) {
  auto freed = with_reserve(store.paths(), [&]() -> Result<std::int64_t> {
    TRY_SET(const Staging grave, store.new_staging());
    {
      TRY_SET(const FileLock lock, FileLock::acquire(store.paths().writer_lock()));
      TRY_SET(Database db, Database::open(store.paths().database(), Database::Mode::kRead));
      TRY_SET(Transaction transaction, Transaction::begin(db, false));
      TRY(sweep(store.paths(), db, grave, options));
      TRY(transaction.commit());
    }
    return measure_grave(grave);
  });
  keep_reserve(store.paths());
  return freed;
}

Result<std::int64_t> measure_grave(const Staging& grave) {
  std::int64_t bytes = 0;
  TRY_SET(std::vector<std::string> names, list_dir(grave.dir()));
  DiskMeter meter;
  for (const std::string& name : names) {
    TRY_SET(const DiskUse use, meter.measure(grave.dir(), name));
    bytes += use.blocks;
  }
  return bytes;
}

namespace {

// What one collection works with. Lives under writer.lock.
struct Sweep {
  int staging, grave;
  const GarbageOptions& options;
  std::int64_t now = now_ns();

  [[nodiscard]] bool young(const struct stat& info) const {
    // The time of its last rename.
    const std::int64_t changed = info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec;
    return options.min_age_ns > 0 && now - changed < options.min_age_ns;
  }
  // A part that has not grown for a day: nobody goes on with it.
  [[nodiscard]] bool forgotten(const std::string& name) const {
    constexpr std::int64_t kDay = 24 * 3600;
    struct stat info {};
    return fstatat(staging, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           info.st_mtime + kDay < now / 1'000'000'000;
  }
  // `kind` keeps names in the grave apart.
  Result<void> bury(int dir, const std::string& name, const std::string& kind) const {
    // What is half there must never be taken for whole: it vanishes in one rename.
    if (renameat(dir, name.c_str(), grave, (kind + "-" + name).c_str()) == 0 || errno == ENOENT) return {};
    return errno_error("removing " + name);
  }
};

// Content named by its digest, of which `reached` is all that is needed.
Result<void> sweep_content(Sweep& sweep, const std::string& path, const std::string& kind,
                           const std::set<std::string>& reached) {
  auto dir = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!dir.ok() && dir.error().err == ENOENT) return {};
  if (!dir.ok()) return std::move(dir).error();
  TRY_SET(std::vector<std::string> names, list_dir(dir->get()));
  for (const std::string& name : names) {
    // Beside a file that is replaced, there may be a new one of a process that was killed: HEX.tmp.…
    const Cut parts = cut(name, '.');
    if (!is_hex_digest(parts.before) || (!parts.found && reached.contains(name))) continue;
    // A transfer holds the locks of all it will name until its image is recorded. Held here until the name is gone: who
    // waits for it then finds that there is nothing.
    const std::string transfer = parts.before + std::string(kTransferSuffix);
    TRY_SET(auto lock, FileLock::try_acquire_at(sweep.staging, transfer));
    if (!lock) continue;
    struct stat info {};
    if (fstatat(dir->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && !sweep.young(info)) {
      TRY(sweep.bury(dir->get(), name, kind));
    }
    unlinkat(sweep.staging, transfer.c_str(), 0);
  }
  return {};
}

// A container's record comes before its directory and goes before the last of it: without one, its remover was killed.
Result<void> sweep_containers(Sweep& sweep, const std::string& path, const std::set<std::string>& known) {
  TRY_SET(Fd dir, open_file(path, O_RDONLY | O_DIRECTORY));
  TRY_SET(std::vector<std::string> names, list_dir(dir.get()));
  for (const std::string& name : names) {
    if (known.contains(name) || !is_hex_digest(name)) continue;
    TRY(sweep.bury(dir.get(), name, "container"));
  }
  return {};
}

// Lock files of transfers that are over, and parts of what nobody brings any more.
Result<void> sweep_staging(Sweep& sweep) {
  TRY_SET(std::vector<std::string> names, list_dir(sweep.staging));
  for (const std::string& name : names) {
    if (name.starts_with(std::string(kBootName) + ".tmp.")) unlinkat(sweep.staging, name.c_str(), 0);
    const StagedName staged = staged_name(name);
    const bool part = staged.kind == StagedName::Kind::kPartial;
    if (!name.ends_with(kTransferSuffix) && !(part && (sweep.options.parts || sweep.forgotten(name)))) continue;
    const std::string transfer = part ? staged.lock : name;
    TRY_SET(auto lock, FileLock::try_acquire_at(sweep.staging, transfer));
    if (!lock) continue;
    if (part) TRY(sweep.bury(sweep.staging, name, "part"));
    unlinkat(sweep.staging, transfer.c_str(), 0);
  }
  return {};
}

// A volume's record comes before its directory and goes after it: without one, a power cut took it. Data is not thrown
// away on suspicion: it becomes a volume again, unless there is none.
Result<std::vector<std::string>> volumes_to_adopt(const std::string& path, const std::set<std::string>& known) {
  std::vector<std::string> out;
  TRY_SET(Fd dir, open_file(path, O_RDONLY | O_DIRECTORY));
  TRY_SET(std::vector<std::string> names, list_dir(dir.get()));
  for (const std::string& name : names) {
    if (known.contains(name) || !is_volume_name(name)) continue;
    unlinkat(dir.get(), (name + "/_data").c_str(), AT_REMOVEDIR);
    if (unlinkat(dir.get(), name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOTDIR) out.push_back(name);
  }
  return out;
}

Result<std::set<std::string>> column(Database& db, const char* select) {
  std::set<std::string> out;
  TRY_SET(Statement rows, db.prepare(select));
  for (;;) {
    TRY_SET(const bool row, rows.step());
    if (!row) return out;
    for (std::string& hex : split(rows.text(0), ' ')) out.insert(std::move(hex));
  }
}

}  // namespace

Result<void> sweep(const Paths& paths, Database& db, const Staging& grave, const GarbageOptions& options) {
  TRY_SET(const auto images, column(db, "SELECT id FROM images"));
  TRY_SET(const auto blobs, column(db, "SELECT blobs FROM images"));
  TRY_SET(const auto layers, column(db, "SELECT diff_ids FROM images"));
  TRY_SET(Fd staging, open_file(paths.staging(), O_RDONLY | O_DIRECTORY));
  Sweep work{staging.get(), grave.dir(), options};
  TRY(sweep_content(work, paths.layers(), "layer", layers));
  TRY(sweep_content(work, paths.blobs(), "blob", blobs));
  TRY(sweep_content(work, image_files(paths), "image", images));
  TRY_SET(const auto sizes, column(db, "SELECT diff_id FROM layers"));
  for (const std::string& hex : sizes) {
    if (layers.contains(hex) || path_exists(paths.layer(hex))) continue;
    TRY_SET(Statement remove, db.prepare("DELETE FROM layers WHERE diff_id=?"));
    remove.bind(hex);
    TRY(remove.step());
  }
  TRY_SET(const auto containers, column(db, "SELECT id FROM containers"));
  TRY(sweep_containers(work, paths.containers(), containers));
  TRY(sweep_staging(work));
  TRY_SET(const auto volumes, column(db, "SELECT name FROM volumes"));
  TRY_SET(const auto lost, volumes_to_adopt(paths.volumes(), volumes));
  for (const std::string& name : lost) {
    TRY_SET(Statement insert, db.prepare("INSERT INTO volumes(name, created, anonymous, labels, options) "
                                         "VALUES(?,?,?,'{}','{}')"));
    insert.bind(name).bind(now_ns()).bind(std::int64_t{is_hex_digest(name)});
    TRY(insert.step());
  }
  return {};
}

namespace {

Result<void> withdraw(Store& store, const Digest& digest, const std::string& path) {
  TRY_SET(const FileLock transfer, store.lock_transfer(digest));
  TRY_SET(const Staging grave, store.new_staging());
  TRY_SET(const FileLock lock, FileLock::acquire(store.paths().writer_lock()));
  if (renameat(AT_FDCWD, path.c_str(), grave.dir(), digest.hex().c_str()) == 0 || errno == ENOENT) return {};
  return errno_error("removing " + path);
}

}  // namespace

Result<void> withdraw_blob(Store& store, const Digest& digest) {
  return withdraw(store, digest, store.paths().blob(digest.hex()));
}

Result<void> withdraw_layer(Store& store, const Digest& diff_id) {
  return withdraw(store, diff_id, store.paths().layer(diff_id.hex()));
}

}  // namespace creel::storage
