// Named files, read-only: those of a plain tar, or those of a directory. Everything in them is hostile: names are only
// keys to look up, links are followed within the set alone, nothing is created.
//
// Thread-safety: after opening, everything is const and reads with pread; any number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace creel::registry::archive {

// Gets bytes in order; its error ends the reading and is returned.
using Sink = std::function<Result<void>(std::string_view bytes)>;

// `size` bytes of an open file, from `offset`.
struct Member {
  std::shared_ptr<const Fd> file;
  std::int64_t offset = 0;
  std::int64_t size = 0;
};
// kInvalid when the file ends before the member does (it changed, or its tar lies).
Result<void> read_member(const Member& member, const Sink& sink);
// Writes the member to `fd`, inside the kernel where it can (file systems that can then share the bytes); `progress`
// gets the size of each piece.
Result<void> copy_member(const Member& member, int fd, const std::function<void(std::int64_t)>& progress = {});
// kInvalid when the member is larger than `limit` bytes.
Result<std::string> read_member_text(const Member& member, std::int64_t limit, const std::string& name);

class FileSet {
 public:
  virtual ~FileSet() = default;
  // nullopt: there is no regular file of that name. `name` as "blobs/sha256/…": relative, without "." or "..".
  [[nodiscard]] virtual Result<std::optional<Member>> find(const std::string& name) const = 0;
};

// `fd`: an uncompressed tar in a seekable file; it is read from the current position. `label` names it in errors.
// kInvalid: not a tar, truncated, or with more entries than an image archive has.
Result<std::unique_ptr<FileSet>> open_tar(Fd fd, const std::string& label);
// `dir`: a directory. Symbolic links in it are not followed.
std::unique_ptr<FileSet> open_directory(Fd dir);

}  // namespace creel::registry::archive
