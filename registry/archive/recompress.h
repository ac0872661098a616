// Compression other than the parallel gzip of storage/pack: zstd, and gzip at a level of the user's choice. One thread
// of work per call; thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "registry/archive/decompress.h"

namespace creel::registry::archive {

enum class Compressor : std::uint8_t { kGzip, kZstd };
// Undoes what compression there is and compresses so instead; the same bytes for the same input and level. Errors as
// decompress's.
Result<void> recompress(const Source& source, const Sink& sink, Compressor how, const std::optional<int>& level);

}  // namespace creel::registry::archive
