#include "storage/volume_removal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "storage/database.h"
#include "storage/names.h"
#include "storage/reserve.h"

namespace creel::storage {

namespace {

Result<void> remove_record(Database& db, const std::string& volume) {
  std::string users;
  {
    TRY_SET(Statement rows, db.prepare("SELECT container FROM volume_uses WHERE volume=? ORDER BY container"));
    rows.bind(volume);
    for (;;) {
      TRY_SET(const bool row, rows.step());
      if (!row) break;
      users += (users.empty() ? "" : ", ") + rows.text(0);
    }
  }
  if (!users.empty()) {
    return fail(Code::kInUse, "volume " + volume + " is being used by the following container(s): " + users +
                                  ": volume is being used");
  }
  TRY_SET(Statement remove, db.prepare("DELETE FROM volumes WHERE name=? RETURNING name"));
  remove.bind(volume);
  TRY_SET(const bool row, remove.step());
  if (!row) return fail(Code::kNotFound, "no volume with name \"" + volume + "\" found: no such volume");
  TRY(remove.step());
  return {};
}

}  // namespace

Result<BuriedVolume> BuriedVolume::bury(const Paths& paths, const std::string& volume) {
  return with_reserve(paths, [&] { return bury_once(paths, volume); });
}

Result<BuriedVolume> BuriedVolume::bury_once(const Paths& paths, const std::string& volume) {
  BuriedVolume out;
  out.parent_ = paths.staging();
  out.name_ = random_work_name();
  TRY_SET(out.dir_, open_file(out.parent_, O_RDONLY | O_DIRECTORY));
  // Locked before the directory is there: nobody can take it for dead.
  TRY_SET(out.lock_, FileLock::acquire_at(out.dir_.get(), out.name_ + std::string(kLockSuffix)));
  TRY_SET(const FileLock writer, FileLock::acquire(paths.writer_lock()));
  TRY_SET(Database db, Database::open(paths.database(), Database::Mode::kRead));
  TRY_SET(Transaction transaction, Transaction::begin(db, false));
  TRY(remove_record(db, volume));
  // Before the record goes for good: killed in between, there is a volume without data, which is what was asked for,
  // and never data without a volume.
  if (renameat(AT_FDCWD, paths.volume(volume).c_str(), out.dir_.get(), out.name_.c_str()) != 0 && errno != ENOENT) {
    return errno_error("removing volume " + volume);
  }
  TRY(transaction.commit());
  return out;
}

BuriedVolume::~BuriedVolume() {
  if (!dir_) return;
  if (remove_tree_at(dir_.get(), name_).ok()) unlinkat(dir_.get(), (name_ + std::string(kLockSuffix)).c_str(), 0);
}

}  // namespace creel::storage
