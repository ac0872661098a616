// Undoing gzip, zstd, xz and bzip2, recognized by their bytes; what is none of them passes through. For whole archives,
// and for layers on their way into a docker-archive; layers on their way into the store go through storage/unpack,
// which is faster. Thread-safe.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "registry/archive/file_set.h"

namespace creel::registry::archive {

// The next bytes; an empty view is the end. The view stays valid until the next call.
using Source = std::function<Result<std::string_view>()>;

[[nodiscard]] bool is_compressed(std::string_view first_bytes);
// The media type of a layer that begins so. xz and bzip2 have none: they are a plain layer's, which tools look into.
[[nodiscard]] const char* layer_type(std::string_view first_bytes);
// kInvalid: the compressed data is damaged or truncated. Errors of `source` and `sink` come back as they are.
Result<void> decompress(const Source& source, const Sink& sink);
// From a file's current position; good for pipes.
Source source_of(int fd, const std::string& label);
Source source_of(const Member& member);

}  // namespace creel::registry::archive
