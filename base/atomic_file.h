// A file that appears whole or not at all: written under another name beside it, renamed by commit(); the destructor
// takes away what was not committed. kill -9 leaves NAME.part-RANDOM, which disturbs nobody.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace creel {

class AtomicFile {
 public:
  // `name` relative to `dir`, which must outlive the object. `mode` as for open: the umask takes away from it. What is
  // there under `name` is replaced. Open for reading and writing.
  static Result<AtomicFile> create_at(int dir, const std::string& name, mode_t mode = 0666);
  static Result<AtomicFile> create(const std::string& path, mode_t mode = 0666) {
    return create_at(AT_FDCWD, path, mode);
  }
  AtomicFile(AtomicFile&& other) noexcept = default;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Once. Nothing is synced.
  Result<void> commit();

 private:
  AtomicFile(int dir, std::string name, std::string part, Fd fd)
      : dir_(dir), name_(std::move(name)), part_(std::move(part)), fd_(std::move(fd)) {}
  int dir_;
  std::string name_, part_;
  Fd fd_;  // invalid: committed, or moved away
};

}  // namespace creel
