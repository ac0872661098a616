// A tar stream becomes files beneath a root that somebody hostile may be changing at the same time, from a stream that
// may be hostile as well. Each parent is resolved by the kernel with that root as "/" (RESOLVE_IN_ROOT); the last
// component is made anew and never followed. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace creel::engine::copy {

struct Ownership {
  std::uint32_t uid = 0, gid = 0;
};

struct ExtractOptions {
  std::string base;                // a directory in the root: where entries go
  std::optional<Ownership> owner;  // of all that is made; absent: what the entries say
  // False: who runs this owns it. Then nothing of it has rights of its own (set-user-ID, capabilities), for they were meant
  // for another owner, and devices are left out.
  bool chown = true;
  bool overwrite = false;          // a directory in the place of a file goes with all that is in it, and vice versa
  std::string into;  // the one regular file of the stream is written into this existing one, links followed
};

// Reads to the end of `fd`; compressed archives are recognised. kInvalid: what is no archive, an entry that leaves the
// base, a directory that would replace a file. On error what was made stays.
Result<void> extract(int fd, int root, const ExtractOptions& options);

}  // namespace creel::engine::copy
