// The end of a store: everything that is its own goes, and the directory where nothing else is in it.
#pragma once

#include "base/result.h"
#include "storage/paths.h"

namespace creel::storage {

// Beneath a marker alone; where there is none, nothing is done. Killed in the middle, it leaves a store, or what the next
// writer makes one of. kInvalid: the marker is no store's. Who runs this: root in the user namespace; no container exists.
Result<void> erase_store(const Paths& paths);

}  // namespace creel::storage
