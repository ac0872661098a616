// The engine's user namespace: one per user at a time, held alive by the monitors inside it. No pause process.
//
// IDs: container 0 is the caller; 1.. are the caller's subordinate IDs (/etc/subuid, /etc/subgid), as
// user_namespaces(7) and newuidmap(1) have it. As root there is no user namespace and every function here is a no-op
// that succeeds.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"
#include "rootless/directories.h"

namespace creel::rootless {

struct IdRange {
  std::uint32_t inside;   // first ID in the namespace
  std::uint32_t outside;  // first ID in the parent
  std::uint32_t count;
};
struct IdMaps {
  std::vector<IdRange> uids;
  std::vector<IdRange> gids;
};

// The maps that this user's namespace gets. kUnavailable, with the line to add to /etc/subuid as hint, where the user
// has no subordinate IDs or newuidmap/newgidmap is not installed.
Result<IdMaps> subordinate_maps();

// Runs newuidmap and newgidmap side by side on `pid`, a process of the caller that has unshared CLONE_NEWUSER.
// Called from outside the namespace.
Result<void> write_maps(pid_t pid, const IdMaps& maps);
// The same in two halves, for callers with something to do meanwhile.
struct Mappers {
  Process uid, gid;
};
Result<Mappers> start_mappers(pid_t pid, const IdMaps& maps);
Result<void> finish_mappers(Mappers mappers);

// A process of the caller that has made a user namespace and waits in it: something for newuidmap to map before the first
// process that is to live there is even loaded. It shares the caller's memory, does nothing but wait, and ends with this
// object or with the thread that made it.
class Founder {
 public:
  // Errors: kUnavailable where the kernel forbids it, with the sysctl to change as hint.
  static Result<Founder> make();
  Founder(Founder&& other) noexcept;
  Founder& operator=(Founder&&) = delete;
  ~Founder();
  [[nodiscard]] pid_t pid() const { return pid_; }
  // The namespace itself, for setns(2): it stays as long as the descriptor.
  [[nodiscard]] int ns() const { return namespace_.get(); }

 private:
  Founder() = default;
  pid_t pid_ = -1;
  void* stack_ = nullptr;
  Fd namespace_;
};

// The engine's user namespace, if a process lives in it; a descriptor for setns(2), which holds it even if that process ends
// now. Reads <runtime>/userns; verifies start time and boot. Where that process has ended, the monitor of another running container is
// looked for, and published.
std::optional<Fd> live_namespace(const std::string& runtime_dir);
// Publishes `pid` as alive in the namespace, for live_namespace(). Volatile.
Result<void> publish_namespace(const std::string& runtime_dir, pid_t pid);

// Moves the calling, single-threaded process into the engine's user namespace and makes it root there: joins the live
// one, else makes one. No-op for kRoot and kInsideUserns.
// Used by creel-images before it starts threads, and by a forked child of `creel rm`.
Result<void> enter(Identity identity, const std::string& runtime_dir);

// Runs `work` in a forked child that entered the namespace (or in place for kRoot/kInsideUserns). An error's code,
// errno and text cross the process boundary. `work` must not rely on threads or on SQLite handles opened before.
Result<void> run_inside(Identity identity, const std::string& runtime_dir, Result<void> (*work)(void*), void* argument);

}  // namespace creel::rootless
