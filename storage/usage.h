// What of the disk the store takes, by what its directories hold: the truth, not what records say.
//
// All that is beneath blobs/, layers/, images/, containers/, volumes/ and staging/ is counted in exactly one place, so
// that the sum is what du(1) finds there. Not counted is what a store that was just made has: its directories, marker,
// boot mark, locks and database. Run inside the user namespace: layers, upper directories and volumes belong to
// subordinate IDs. Takes no lock.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/disk_meter.h"
#include "base/result.h"
#include "storage/paths.h"

namespace creel::storage {

struct StoreUse {
  std::map<std::string, DiskUse> blobs, layers;  // by hex
  std::map<std::string, DiskUse> images;         // record files, by ID
  std::map<std::string, DiskUse> containers;     // by ID
  std::map<std::string, DiskUse> volumes;        // by name
  struct Staged {
    DiskUse use;
    bool alive = false;  // a process holds its lock
  };
  std::map<std::string, Staged> staging;
  std::map<std::string, DiskUse> strange;  // by path beneath the store: names that are nobody's here
};
Result<StoreUse> measure_store(const Paths& paths);

}  // namespace creel::storage
