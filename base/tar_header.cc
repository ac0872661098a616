#include "base/tar_header.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace creel {

namespace {

using Block = std::array<char, kTarBlock>;

void put(Block& block, std::size_t at, std::size_t width, std::string_view text) {
  text.copy(block.data() + at, width);
}

// `width` includes the final NUL.
void put(Block& block, std::size_t at, std::size_t width, std::int64_t value) {
  const auto digits = static_cast<unsigned>(width - 1);
  if (value >= 0 && (digits >= 21 || value >> (3 * digits) == 0)) {
    std::snprintf(block.data() + at, width, "%0*llo", static_cast<int>(digits), static_cast<unsigned long long>(value));
    return;
  }
  // Two's complement, the first bit set.
  for (std::size_t i = 0; i < width; ++i) {
    const std::size_t shift = std::min<std::size_t>(8 * i, 63);
    block[at + width - 1 - i] = static_cast<char>(value >> shift & 0xff);
  }
  block[at] = static_cast<char>(static_cast<unsigned char>(block[at]) | 0x80U);
}

}  // namespace

Block tar_header(const TarHeader& header) {
  Block out{};
  put(out, 0, 100, header.name);
  put(out, 100, 8, std::int64_t{header.mode});
  put(out, 108, 8, header.uid);
  put(out, 116, 8, header.gid);
  put(out, 124, 12, header.size);
  put(out, 136, 12, header.modified);
  std::memset(out.data() + 148, ' ', 8);
  out[156] = header.type;
  put(out, 157, 100, header.link);
  std::memcpy(out.data() + 257, "ustar\00000", 8);
  if (header.type == '3' || header.type == '4') {
    put(out, 329, 8, header.device_major);
    put(out, 337, 8, header.device_minor);
  }
  put(out, 345, 155, header.prefix);
  unsigned sum = 0;
  for (const char c : out) sum += static_cast<unsigned char>(c);
  std::snprintf(out.data() + 148, 8, "%06o", sum);
  out[155] = ' ';
  return out;
}

}  // namespace creel
