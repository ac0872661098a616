// The engine's own program, to be recognized should a container try to run it (CVE-2019-5736).
#pragma once

#include <sys/types.h>

namespace creel::engine::runtime {

struct OwnProgram {
  dev_t device = 0;
  ino_t inode = 0;
  // By the caller, who is root in the container or can become it: then an attack has something to gain.
  bool writable = false;
};
OwnProgram own_program();

}  // namespace creel::engine::runtime
