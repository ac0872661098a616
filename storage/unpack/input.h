// The compressed bytes as they come from a Source: counted, hashed, and brought to a size that an inflater likes.
// Used by the one thread that inflates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/unpack/unpack.h"

namespace creel::storage::unpack {

class Input {
 public:
  explicit Input(const Source& source) : source_(source) {}

  // The next bytes, at least kGather of them unless the end is near; empty at the end. Valid until the next call.
  // Errors are the source's own.
  Result<std::string_view> next();
  // What the source failed with, after next() gave an error.
  [[nodiscard]] bool failed() const { return failed_; }

  [[nodiscard]] std::int64_t size() const { return size_; }
  Digest digest() { return hash_.finish(); }

  // An inflater pays for every call (ISA-L copies its 32 KiB window): smaller pieces, as a network gives them, are
  // gathered first.
  static constexpr std::size_t kGather = 64 << 10;

 private:
  Result<std::string_view> pull();

  const Source& source_;
  Sha256 hash_;
  std::int64_t size_ = 0;
  std::string gathered_;
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace creel::storage::unpack
