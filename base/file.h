// Files: whole-file reads and writes, atomic publication, and paths beneath a directory descriptor.
// Thread-safe unless said otherwise. Every descriptor is close-on-exec. Errors name the path.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace creel {

// open(2) with O_CLOEXEC added. `flags` as for open.
Result<Fd> open_file(const std::string& path, int flags, mode_t mode = 0);
// openat(2) relative to `dir`, O_CLOEXEC added; for names that this engine chose itself.
Result<Fd> open_at(int dir, const std::string& name, int flags, mode_t mode = 0);
// openat2(2), O_CLOEXEC added. Symbolic links resolve as if `root` were "/" (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS).
Result<Fd> open_in_root(int root, const std::string& path, int flags, mode_t mode = 0);
// openat2(2) that refuses to leave `root` and refuses symbolic links (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS).
Result<Fd> open_beneath(int root, const std::string& path, int flags, mode_t mode = 0);

Result<std::string> read_file(const std::string& path, std::size_t limit = 64 << 20);
Result<std::string> read_file_at(int dir, const std::string& name, std::size_t limit = 64 << 20);
Result<std::string> read_all(int fd, std::size_t limit = 64 << 20);
// Writes all of `data`, retrying short writes and EINTR.
Result<void> write_all(int fd, std::string_view data);

enum class Durability { kVolatile, kSynced };
// Replaces `name` in `dir` with `data`: temporary file, (fsync), rename, (fsync of the directory).
// A reader sees the old or the new content, never a part. kill -9 in the middle leaves NAME.tmp.PID.N, which disturbs
// nobody. `mode` as for open: the umask takes away from it.
Result<void> write_atomic_at(int dir, const std::string& name, std::string_view data, mode_t mode = 0600,
                             Durability durability = Durability::kVolatile);
Result<void> write_atomic(const std::string& path, std::string_view data, mode_t mode = 0600,
                          Durability durability = Durability::kVolatile);

// mkdir -p. Existing directories keep their mode.
Result<void> make_dirs(const std::string& path, mode_t mode = 0700);
[[nodiscard]] bool path_exists(const std::string& path);
// Names in a directory, without "." and "..", unsorted.
Result<std::vector<std::string>> list_dir(int dir);
Result<std::vector<std::string>> list_dir(const std::string& path);

// Removes `name` and everything beneath it, by descriptors, never following a symbolic link and never crossing into
// another mount. Directories that cannot be read are made readable first (the caller owns them or has
// CAP_DAC_OVERRIDE). An absent name is success.
Result<void> remove_tree_at(int dir, const std::string& name);

}  // namespace creel
