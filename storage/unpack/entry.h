// One entry of a layer as plain data, and what its name may be.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace creel::storage::unpack {

enum class EntryType : std::uint8_t {
  kFile,
  kDirectory,
  kSymlink,
  kHardLink,
  kCharacterDevice,
  kBlockDevice,
  kFifo,
  kOther,
};

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

struct Entry {
  EntryType type = EntryType::kOther;
  std::string path;  // clean; empty is the layer's root
  std::string link;  // symbolic link: verbatim; hard link: clean
  Owner owner;
  mode_t mode = 0;  // permission bits with set-uid, set-gid and sticky
  timespec accessed{};
  timespec modified{};
  dev_t device = 0;
  std::int64_t size = 0;  // of the file as it is to be, holes included
  std::vector<std::pair<std::string, std::string>> xattrs;
};

// A piece of a file's content. Pieces come in ascending order; what lies between them is a hole.
struct Chunk {
  std::string_view bytes;
  std::int64_t offset = 0;
};
// Gives the next piece, valid until the next call; false at the end.
using Content = std::function<Result<bool>(Chunk&)>;

// Makes an archive's name relative to the layer's root: no empty or "." components, ".." resolved by its text, a
// leading
// "/" dropped. kInvalid: ".." out of the root, a component over 255 bytes, a path over 4095, more than kMaxDepth
// components.
Result<std::string> clean_path(std::string_view name);

// Directories nested deeper than this could not be deleted again with a descriptor held per level (RLIMIT_NOFILE is
// 1024).
constexpr std::size_t kMaxDepth = 512;

// {parent, last component} of a clean path.
std::pair<std::string_view, std::string_view> split_path(std::string_view path);

// Text from an archive as it may be shown on a terminal: control characters escaped, shortened to 200 bytes.
std::string printable(std::string_view text);

// "<action> <path>: <why>". ENOSPC reads "disk full".
Error entry_error(std::string_view action, std::string_view path, int err);
// kInvalid: "refused archive entry <path>: <why>".
Error refuse(std::string_view path, std::string_view why);

}  // namespace creel::storage::unpack
