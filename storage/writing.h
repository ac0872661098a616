// A write in progress. Private to storage/.
#pragma once

#include <string>
#include <vector>

#include "base/digest.h"
#include "base/lock.h"
#include "storage/database.h"
#include "storage/store.h"

namespace creel::storage {

// Order matters: the transaction ends before the lock is released.
struct Store::Writing {
  FileLock lock;
  Transaction transaction;
  Result<void> commit() { return transaction.commit(); }
};

// Rows, in a transaction of the caller. `verb`: "INSERT", "INSERT OR IGNORE". kExists where a key is taken.
Result<void> insert_image(Database& db, const ImageRecord& image);
Result<void> insert_container(Database& db, const ContainerRecord& container, const std::string& config);
Result<void> insert_volume(Database& db, const VolumeRecord& volume, const char* verb);
Result<void> insert_volume_use(Database& db, const std::string& volume, const std::string& container);
Result<void> insert_layer(Database& db, const LayerRecord& layer);

// Digests as the columns hold them: hex, separated by spaces.
std::string join_hex(const std::vector<Digest>& digests);
Result<std::vector<Digest>> split_hex(const std::string& text);

}  // namespace creel::storage
