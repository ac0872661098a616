// The files of a container become a layer, or a plain tar. What Walk says of rights holds here.
#pragma once

#include <cstdint>

#include "base/digest.h"
#include "base/result.h"
#include "storage/pack/walk.h"
#include "storage/unpack/unpack.h"

namespace creel::storage::pack {

// Writes the layer, compressed with gzip by all cores, to `blob`, and its files into the empty directory `tree`, as if
// the blob had been unpacked there; both while the files are read once. The same files give the same bytes. Nothing is
// synced. Memory is bounded. On error what was written stays, for the caller to delete. Errors: Walk's,
// unpack_layer's.
Result<unpack::Unpacked> pack_layer(Walk& walk, int blob, int tree, const unpack::Options& options);

// A plain tar, to anything that can be written.
Result<void> pack_tar(Walk& walk, int out);

}  // namespace creel::storage::pack
