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

// Digests as the columns hold them: hex, separated by spaces.
std::string join_hex(const std::vector<Digest>& digests);
Result<std::vector<Digest>> split_hex(const std::string& text);

}  // namespace creel::storage
