#include "storage/unpack/decompress.h"

#include <algorithm>
#include <cstring>

namespace creel::storage::unpack {

namespace {

class Copy : public Decompressor {
 public:
  Copy(Input& input, std::string_view first) : input_(input), left_(first) {}
  Result<std::size_t> read(std::span<unsigned char> out) override {
    std::size_t filled = 0;
    while (filled < out.size()) {
      if (left_.empty()) {
        TRY_SET(left_, input_.next());
        if (left_.empty()) break;
      }
      const std::size_t n = std::min(out.size() - filled, left_.size());
      std::memcpy(out.data() + filled, left_.data(), n);
      filled += n;
      left_.remove_prefix(n);
    }
    return filled;
  }

 private:
  Input& input_;
  std::string_view left_;
};

}  // namespace

Compression detect_compression(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\x1f\x8b\x08"sv)) return Compression::kGzip;
  if (bytes.starts_with("\x28\xb5\x2f\xfd"sv)) return Compression::kZstd;
  // A zstd stream may begin with a skippable frame.
  if (bytes.size() >= 4 && (bytes[0] & '\xf0') == '\x50' && bytes.substr(1).starts_with("\x2a\x4d\x18"sv))
    return Compression::kZstd;
  if (bytes.starts_with("\xfd"
                        "7zXZ\0"sv))
    return Compression::kXz;
  // "BZh9" alone could be the name of a tar's first file: the magic of a block, or of the end, must follow.
  if (bytes.size() >= 10 && bytes.starts_with("BZh"sv) && bytes[3] >= '1' && bytes[3] <= '9') {
    const auto magic = bytes.substr(4, 6);
    if (magic == "\x31\x41\x59\x26\x53\x59"sv || magic == "\x17\x72\x45\x38\x50\x90"sv) return Compression::kBzip2;
  }
  return Compression::kNone;
}

Result<std::unique_ptr<Decompressor>> open_decompressor(Input& input) {
  TRY_SET(std::string_view first, input.next());
  switch (const Compression compression = detect_compression(first)) {
    case Compression::kNone:
      break;
    case Compression::kGzip:
      return open_gzip(input, first);
    case Compression::kZstd:
      return open_zstd(input, first);
    case Compression::kXz:
    case Compression::kBzip2:
      return open_filter(input, first, compression);
  }
  return std::unique_ptr<Decompressor>(std::make_unique<Copy>(input, first));
}

}  // namespace creel::storage::unpack
