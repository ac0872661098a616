// Work that needs a container's root file system: done in a forked child in the engine's user namespace, beside this
// process. The container's mounts are seen through a descriptor of its root; no program of the container is run or
// loaded, and nothing is looked up in it but beneath that descriptor (CVE-2018-15664, CVE-2019-14271). Not thread-safe.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/runtime/child/channel.h"

namespace creel::engine::copy {

// A running one's root as it is now, or a stopped one's layers, what it has written, and its volumes, mounted in the
// child's own mount namespace alone.
struct ContainerRoot {
  int root = -1;                   // O_PATH or more
  std::uint32_t uid = 0, gid = 0;  // the container's user
};

class Inside {
 public:
  // Its error is finish()'s. What it has to say it writes to a pipe of its caller's.
  using Work = std::function<Result<void>(const ContainerRoot& root)>;
  // kNotFound: no such container.
  static Result<Inside> start(Engine& engine, const std::string& container, const Work& work);
  // The same beneath a directory of the host, with the rights over subordinate IDs: a volume.
  static Result<Inside> start_beneath(Engine& engine, const std::string& directory, const Work& work);
  Inside(Inside&&) noexcept;
  Inside& operator=(Inside&&) = delete;
  // Waits.
  ~Inside();
  Result<void> finish();

 private:
  Inside() = default;
  static Result<Inside> fork_to(const std::function<Result<void>()>& work);
  pid_t pid_ = -1;
  Fd report_;
};

}  // namespace creel::engine::copy
