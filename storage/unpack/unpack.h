// Unpacking one layer: compressed bytes in, a directory tree out, everything hostile.
//
// Follows the OCI image layer specification (whiteouts .wh.NAME, opaque .wh..wh..opq, hard links, xattrs as
// SCHILY.xattr.*). libarchive only parses; every path is resolved beneath `target` by descriptor (openat2,
// RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV for parents), nothing is ever followed out of it. A parent
// that is a symbolic link made earlier in the same layer (real images have them: "lib" -> "usr/lib", then "lib/x") is
// resolved with `target` as its "/": component by component, never asking the kernel for "..", so that it cannot lead
// out either. A leading "/" is dropped, as Podman does. Refused with kInvalid and the entry's name: ".." that leaves
// the root, hard links to what this layer does not hold, parents that are no directories. Device nodes that a user
// namespace does not permit are skipped, as Podman does. Runs inside the engine's user namespace (or as root): owners
// are kept.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace creel::storage::unpack {

struct Unpacked {
  Digest diff_id;  // SHA-256 of the uncompressed tar
  Digest blob;     // SHA-256 of the bytes that came in
  std::int64_t blob_size = 0;
  std::int64_t tree_size = 0;  // bytes of regular files, hard links counted once
};

// Gives the next bytes of the compressed stream; an empty view is the end. Called from another thread than unpack()'s
// caller, one call at a time. The view stays valid until the next call. Any size serves; 64 KiB and more are not
// copied. When unpacking fails, a call in progress is waited for and none follows.
using Source = std::function<Result<std::string_view>()>;

struct Options {
  bool user_xattr = true;  // whiteouts' opaque mark in user.overlay.* (user namespace), else trusted.overlay.*
  bool single_id = false;  // only one ID is mapped: keep everything owned by 0 (not in this issue)
};

// `target`: descriptor of an empty directory. Compression is detected from the bytes: none, gzip (ISA-L), zstd, xz,
// bzip2. Inflate, hash and write overlap in threads; memory is bounded whatever the archive claims. Extended attributes
// kept: user.* (but for user.overlay.*) and security.capability. Nothing is synced to disk. Errors: the source's own;
// kInvalid (corrupt or hostile archive; names the entry); kUnavailable (an owner that is not mapped, a file system
// without user.* attributes); else errno, where ENOSPC reads "disk full". On error what was written stays in `target`
// for the caller to delete. Thread-safe for different targets.
Result<Unpacked> unpack_layer(const Source& source, int target, const Options& options);

// The same from a file descriptor, from its current position to its end.
Result<Unpacked> unpack_file(int fd, int target, const Options& options);

// SHA-256, streaming (OpenSSL). Not thread-safe; one per stream.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::string_view data);
  Digest finish();

 private:
  void* context_;
};

}  // namespace creel::storage::unpack
