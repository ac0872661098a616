// gzip with all cores: the stream is cut into blocks of one size, each is compressed by itself (ISA-L), and they are
// written one after the other. So the bytes depend on the input alone, not on the number of threads nor on the pieces
// that the input comes in; any gunzip reads them. (ISA-L chooses its code by the processor: two kinds of machine may
// compress the same input differently.)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace creel::storage::pack {

struct Compressed {
  Digest digest;  // of the compressed bytes
  std::int64_t size = 0;
};

// append() and finish() from one thread. Memory: about 3 MiB per thread.
class GzipBlocks {
 public:
  // Gets the compressed bytes in order, from another thread. Its error ends the compression and is returned.
  using Out = std::function<Result<void>(std::string_view bytes)>;
  // `threads`: 0 for the number of processors we may use.
  explicit GzipBlocks(Out out, unsigned threads = 0);
  ~GzipBlocks();
  GzipBlocks(const GzipBlocks&) = delete;
  GzipBlocks& operator=(const GzipBlocks&) = delete;

  // Waits while all threads are busy.
  Result<void> append(std::string_view bytes);
  Result<Compressed> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel::storage::pack
