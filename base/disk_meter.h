// How much of a disk directory trees take, as du(1) counts it: blocks, each file with several links once.
// Not thread-safe. Trees may change while they are measured; what vanishes meanwhile counts for nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "base/result.h"

namespace creel {

struct DiskUse {
  std::int64_t blocks = 0;   // bytes allocated, directories included
  std::int64_t content = 0;  // bytes of regular files, by their sizes
  bool partly = false;       // some directory could not be read: the caller lacks the rights
  DiskUse& operator+=(const DiskUse& other) {
    blocks += other.blocks;
    content += other.content;
    partly |= other.partly;
    return *this;
  }
};

class DiskMeter {
 public:
  // `name` in `dir` and all beneath it, by descriptors, following no symbolic link and stopping at mounts. A file that
  // this meter has met before, under another name, counts 0. Absent: 0.
  Result<DiskUse> measure(int dir, const std::string& name);

 private:
  std::set<std::pair<dev_t, ino_t>> linked_;  // files with several links that were counted
};

}  // namespace creel
