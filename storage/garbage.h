// What nobody reaches any more goes. Store::collect_garbage() with choices, and for what is damaged.
// Run inside the user namespace; storage/FORMAT.md says when.
#pragma once

#include <cstdint>

#include "base/digest.h"
#include "base/result.h"
#include "storage/store.h"

namespace creel::storage {

class Database;

struct GarbageOptions {
  bool parts = false;           // also what was kept of interrupted transfers, to go on with
  std::int64_t min_age_ns = 0;  // content that came later stays
};
// Returns bytes of disk freed.
Result<std::int64_t> collect_garbage(Store& store, const GarbageOptions& options);

// Moves all garbage into `grave`, in a transaction of `db` and under writer.lock.
Result<void> sweep(const Paths& paths, Database& db, const Staging& grave, const GarbageOptions& options);
// Bytes of disk in it.
Result<std::int64_t> measure_grave(const Staging& grave);

// Takes what is damaged out of the store, so that it can come again; images that name it keep naming it.
Result<void> withdraw_blob(Store& store, const Digest& digest);
Result<void> withdraw_layer(Store& store, const Digest& diff_id);

}  // namespace creel::storage
