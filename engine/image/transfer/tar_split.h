// A tar from what was recorded of it (the tar-split format: one JSON object in a line, either bytes or the name of a
// file) and its files' contents. Thread-safe.
#pragma once

#include "base/result.h"
#include "registry/archive/file_set.h"

namespace creel::engine::transfer {

// `split`: the compressed record, read from its position. `files`: the directory with the contents; names are resolved
// inside it. Gives the tar to `sink`; whoever takes it verifies it. kInvalid: damaged, or a file has another size.
Result<void> join_tar(int split, int files, const registry::archive::Sink& sink);

}  // namespace creel::engine::transfer
