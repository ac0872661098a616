// One header block of a tar (POSIX ustar), as bytes. Pure; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace creel {

inline constexpr std::size_t kTarBlock = 512;

struct TarHeader {
  std::string_view name;    // at most 100 bytes are kept; a directory's ends with "/"
  std::string_view prefix;  // at most 155: stands before the name, with a "/" between
  std::string_view link;    // at most 100
  char type = '0';          // '0' file, '1' hard link, '2' symbolic link, '3' and '4' devices, '5' directory, '6' FIFO,
                            // 'x' pax records for the next entry
  std::uint32_t mode = 0;   // with set-uid, set-gid and sticky bits
  std::int64_t uid = 0, gid = 0, modified = 0, device_major = 0, device_minor = 0;
  std::int64_t size = 0;
};
// Numbers that the field's octal digits do not hold are written in base 256, as GNU tar, libarchive and Go read them.
std::array<char, kTarBlock> tar_header(const TarHeader& header);
// Bytes of zeros that follow `size` bytes of content.
inline std::size_t tar_padding(std::int64_t size) {
  return (kTarBlock - static_cast<std::size_t>(size) % kTarBlock) % kTarBlock;
}

}  // namespace creel
