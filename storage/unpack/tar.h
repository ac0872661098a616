// The tar, read by libarchive, becomes entries for a Writer.
#pragma once

#include "base/result.h"
#include "storage/unpack/block_pipe.h"
#include "storage/unpack/writer.h"

namespace creel::storage::unpack {

struct TarResult {
  Result<void> result;
  bool stream_failed = false;  // the pipe's producer broke off: its error is the cause
};

// Unpacks the tar that `consumer` reads from `pipe`, and reads on to the pipe's end, past the archive's own.
// Stops the pipe on failure. Used by one thread, whose locale it sets aside: names are bytes.
TarResult extract_tar(BlockPipe& pipe, int consumer, Writer& writer);

}  // namespace creel::storage::unpack
