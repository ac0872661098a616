#include "engine/container/claim.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace creel::engine {

namespace {

constexpr int kPatienceMs = 5000;
constexpr int kStepMs = 5;

}  // namespace

Result<Fd> claim_for_start(Engine& engine, const std::string& id) {
  const Error gone = fail(Code::kNotFound, "container " + id + " was removed while it was being started");
  auto dir = open_file(engine.paths().container(id), O_RDONLY | O_DIRECTORY);
  if (!dir.ok()) return dir.error().err == ENOENT ? gone : std::move(dir).error();
  while (flock(dir->get(), LOCK_SH) != 0) {
    if (errno != EINTR) return errno_error("locking the directory of container " + id);
  }
  struct stat info {};
  if (fstat(dir->get(), &info) == 0 && info.st_nlink == 0) return gone;
  return std::move(*dir);
}

Fd claim_for_removal(Engine& engine, const std::string& id) {
  const std::string path = engine.paths().container(id);
  // Its maker has entered it, and makes its directory next: not any more.
  (void)mkdir(path.c_str(), 0700);
  auto dir = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!dir.ok()) return {};
  // There is no flock(2) with a time-out.
  for (int waited = 0; waited < kPatienceMs; waited += kStepMs) {
    if (flock(dir->get(), LOCK_EX | LOCK_NB) == 0) return std::move(*dir);
    if (errno != EWOULDBLOCK && errno != EINTR) break;
    usleep(kStepMs * 1000);
  }
  return {};
}

}  // namespace creel::engine
