// Moving one layer: from its source into a staging directory, verified, nothing published yet.
#pragma once

#include <optional>
#include <string>

#include "base/digest.h"
#include "base/fd.h"
#include "base/result.h"
#include "engine/image/transfer/install.h"

namespace creel::engine::transfer {

struct LayerJob {
  registry::oci::Descriptor blob;
  Digest diff_id;
  bool need_blob = true;  // else `kept` is the blob in the store
  bool need_tree = true;  // else only the blob is missing
  std::string blob_name;  // in the staging directory
  std::string tree_name;
  int partial = -1;  // instead: the blob goes to partial_name there, where a part of it may be already
  std::string partial_name;
  Fd kept;
  bool user_xattr = true;
};
struct LayerDone {
  bool blob = false, tree = false;  // which of them now are in the staging directory
  std::int64_t tree_size = 0;
};

// What is in `partial` stays there when the source fails, and goes when its bytes are wrong; then, where they were
// another process's, it is fetched once more from the beginning.
// Called from several threads at once, each with its own job; starts one thread more. kInvalid when the bytes are not
// those of the digest, or unpack to another DiffID.
Result<LayerDone> move_layer(int staging, const LayerJob& job, BlobSource& source, Progress& progress);

}  // namespace creel::engine::transfer
