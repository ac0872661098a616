// Entries become the bytes of a tar, the same bytes for the same entries: POSIX ustar, with pax records only where
// ustar cannot say it (long names, extended attributes, large numbers), as image layers are written everywhere. Times
// are whole seconds. Used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/unpack/entry.h"

namespace creel::storage::pack {

// Where bytes go, in order, without being copied: who has them writes them into the room.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  // Never empty.
  virtual Result<std::span<unsigned char>> room() = 0;
  // The first `size` bytes of the room are written.
  virtual Result<void> advance(std::size_t size) = 0;
  Result<void> append(std::string_view bytes);
  Result<void> zeros(std::int64_t count);
};

class TarStream {
 public:
  explicit TarStream(ByteSink& sink) : sink_(sink) {}
  // The caller then writes `entry.size` bytes into the sink where it is a regular file, and calls pad().
  Result<void> header(const unpack::Entry& entry);
  Result<void> pad(std::int64_t size);
  Result<void> finish();

 private:
  ByteSink& sink_;
};

}  // namespace creel::storage::pack
