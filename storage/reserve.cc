#include "storage/reserve.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "base/file.h"
#include "storage/names.h"

namespace creel::storage {

namespace {

// The database's log and its index, and the directories that a removal makes, all of them new.
constexpr std::size_t kBytes = 512 << 10;

std::string reserve_of(const Paths& paths) {
  return paths.store + "/" + kReserveName;
}

}  // namespace

void keep_reserve(const Paths& paths) noexcept {
  const std::string path = reserve_of(paths);
  auto file = open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (file.ok() && posix_fallocate(file->get(), 0, kBytes) != 0) unlink(path.c_str());
}

bool give_up_reserve(const Paths& paths) noexcept {
  return unlink(reserve_of(paths).c_str()) == 0;
}

}  // namespace creel::storage
