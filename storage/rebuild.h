// Making the database again from what the objects' directories carry (storage/record_files.h), for the day when SQLite
// cannot read it any more. Run inside the user namespace, with no other command of this user at work.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "storage/paths.h"

namespace creel::storage {

struct Rebuilt {
  int images = 0, containers = 0, volumes = 0;
  std::vector<std::string> lost;  // what could not be taken over, and why
};
// Holds writer.lock. The old database is kept as db.sqlite.damaged. Killed at any moment, there is the old one or the
// new.
Result<Rebuilt> rebuild_database(const Paths& paths);

}  // namespace creel::storage
