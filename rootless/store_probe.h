// Whether a directory's file system can hold a store: one of an ordinary user, whose layers belong to subordinate IDs.
// NFS, Lustre and GPFS let nobody but their own root give a file away, FUSE file systems often the same; overlay takes
// none of them for its upper directory. Found out by trying, never by name.
#pragma once

#include <string>

#include "base/result.h"
#include "rootless/directories.h"

namespace creel::rootless {

enum class Needs {
  kAll,       // what a new store should have
  kContents,  // what one with contents cannot do without: owners, locks, shared memory
};

// What the file system of `dir` (which exists) refuses, "changing a file's owner: …"; empty: nothing. An error where it
// could not be tried: no subordinate IDs, no user namespaces, a full disk. Leaves nothing in `dir`.
// Who runs this: a single-threaded process of the caller; the trying is a child's in the engine's user namespace.
Result<std::string> store_refusal(Identity identity, const std::string& runtime_dir, const std::string& dir,
                                  Needs needs);

}  // namespace creel::rootless
