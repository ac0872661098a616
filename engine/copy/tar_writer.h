// A tree as a tar stream (POSIX pax, owners by number). Every file is opened by its name in an open directory, never
// through a symbolic link, so that nobody who changes the tree meanwhile can have anything outside of it read. One
// thread.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"

struct archive;

namespace creel::engine::copy {

class TarWriter {
 public:
  // Writes to `fd`, which must outlive this.
  explicit TarWriter(int fd);
  ~TarWriter();
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  // The object behind `object` (O_PATH or more) as `name`, a directory with all that is in it. Sockets are left out.
  Result<void> add(int object, const std::string& name);
  // What is in the directory, and the directory itself as ".".
  Result<void> add_content(int directory);
  // The end of the archive. Without it the stream is broken off, as it should be after an error.
  Result<void> finish();

 private:
  Result<void> tree(int directory, const std::string& prefix, int depth);
  Result<void> entry(int parent, const std::string& name, const std::string& path, int depth);
  Result<void> file(int fd, const std::string& path);
  Result<void> header(const struct stat& info, int fd, const std::string& path, const std::string& link, bool hard);
  [[nodiscard]] Error error(const std::string& path) const;

  archive* out_;
  std::map<std::pair<dev_t, ino_t>, std::string> links_;  // files with several names, by their first
};

}  // namespace creel::engine::copy
