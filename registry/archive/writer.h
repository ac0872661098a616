// Writing an archive: named files into a tar. The same files in the same order give the same
// bytes. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "registry/archive/file_set.h"

namespace creel::registry::archive {

class Writer {
 public:
  virtual ~Writer() = default;
  // Parents are made as needed. Names are the engine's own: relative, at most 100 characters.
  virtual Result<void> add(const std::string& name, std::string_view content) = 0;
  virtual Result<void> add(const std::string& name, const Member& content) = 0;
  virtual Result<void> finish() = 0;
};

// A ustar archive written to `fd`, which may be a pipe and stays the caller's. Owners 0, times 0.
std::unique_ptr<Writer> tar_writer(int fd);

}  // namespace creel::registry::archive
