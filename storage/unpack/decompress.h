// From a compressed stream to the bytes of the tar. Compression is told by the first bytes, never by a media type:
// registries and archives lie about it without meaning harm. Used by one thread.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "storage/unpack/input.h"

namespace creel::storage::unpack {

enum class Compression { kNone, kGzip, kZstd, kXz, kBzip2 };
[[nodiscard]] Compression detect_compression(std::string_view first_bytes);

class Decompressor {
 public:
  virtual ~Decompressor() = default;
  // Fills `out` as far as the stream goes; less than its size only at the end, 0 after it.
  // Errors: the source's; kInvalid for corrupt or truncated data, a checksum that does not match, bytes after the end.
  virtual Result<std::size_t> read(std::span<unsigned char> out) = 0;
};

// Reads the stream's beginning from `input`, which must outlive the decompressor.
Result<std::unique_ptr<Decompressor>> open_decompressor(Input& input);

// One per format; `first` is what was already taken from `input`.
std::unique_ptr<Decompressor> open_gzip(Input& input, std::string_view first);
Result<std::unique_ptr<Decompressor>> open_zstd(Input& input, std::string_view first);
// xz and bzip2, by libarchive's filters.
Result<std::unique_ptr<Decompressor>> open_filter(Input& input, std::string_view first, Compression compression);

}  // namespace creel::storage::unpack
