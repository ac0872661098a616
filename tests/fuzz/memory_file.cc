#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "targets.h"

namespace creel::fuzz {

MemoryFile::MemoryFile(const std::string& content) : fd_(memfd_create("input", MFD_CLOEXEC)) {
  must(fd_ >= 0 && write_all(fd_, content).ok() && lseek(fd_, 0, SEEK_SET) == 0, "no memory for the input");
}
MemoryFile::~MemoryFile() {
  close(fd_);
}
std::string MemoryFile::path() const {
  return "/proc/self/fd/" + std::to_string(fd_);
}

}  // namespace creel::fuzz
