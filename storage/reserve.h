// Room for removing on a full disk: a deletion writes, too, and a file of a few blocks that can go is that room.
#pragma once

#include <cerrno>

#include "base/result.h"
#include "storage/paths.h"

namespace creel::storage {

// Makes <store>/reserve where it is absent and the disk has room. Best effort.
void keep_reserve(const Paths& paths) noexcept;
// True: it was there, and is given up.
bool give_up_reserve(const Paths& paths) noexcept;

inline bool is_disk_full(const Error& error) {
  return error.err == ENOSPC || error.err == EDQUOT;
}

// What failed for want of space is tried once more with what the reserve took.
template <typename Work>
auto with_reserve(const Paths& paths, const Work& work) -> decltype(work()) {
  auto done = work();
  if (done.ok() || !is_disk_full(done.error()) || !give_up_reserve(paths)) return done;
  return work();
}

}  // namespace creel::storage
