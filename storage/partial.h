// Blobs that are not whole yet: staging/<hex>.part, named by the digest that they are to have, each written by the
// holder of its transfer lock (Store::lock_transfer). They stay when a transfer fails or is killed, so that another
// process goes on; their bytes prove nothing before they are hashed. Who runs it: as Store.
#pragma once

#include <string>

#include "base/digest.h"
#include "base/fd.h"
#include "base/result.h"
#include "storage/store.h"

namespace creel::storage {

// The directory that they are in. The store is made writable.
Result<Fd> open_partials(Store& store);
// The name in it.
std::string partial_name(const Digest& digest);
// Renames what is complete and verified to the blob.
Result<void> publish_partial(Store& store, const Digest& digest);

}  // namespace creel::storage
