#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "storage/paths.h"

namespace creel::storage {

// What SQLite finds wrong with the database, and records that name others that are not there; empty: nothing. `quick`
// leaves out what takes long. Reads only.
Result<std::vector<std::string>> damaged_records(const Paths& paths, bool quick);

}  // namespace creel::storage
