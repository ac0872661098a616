// Where an ordinary user's store is: in the home directory, or, where that one's file system cannot hold it (NFS,
// Lustre, GPFS, FUSE), on a disk of this node. Found out once per boot, and remembered in the runtime directory, which
// each node has for itself: the home may be another node's local disk.
#pragma once

#include <string>

#include "base/result.h"
#include "rootless/directories.h"

namespace creel::engine {

struct StorePlace {
  std::string store;
  std::string reason;      // why it is not at home, "changing a file's owner: …"; empty: it is
  bool found_out = false;  // by this very call
};

// `home`: where the store would be, and the runtime directory. kDenied where the directory on this node is another's.
// Who runs this: the caller, single-threaded.
Result<StorePlace> store_place(const rootless::Directories& home);
// For a store that the user has named (--root): it is there or nowhere. kUnsupported where the file system cannot hold
// it; that it can is remembered.
Result<void> check_named_place(const rootless::Directories& named);

}  // namespace creel::engine
