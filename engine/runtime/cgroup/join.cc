// Into a container's group from outside (see scope.h).
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "engine/runtime/cgroup/scope.h"
#include "engine/runtime/cgroup/tree.h"

namespace creel::engine::runtime {

namespace {

// Whether this process may be moved from where it is into the group: both lie beneath one that is ours (cgroups(7),
// "Delegation containment").
Result<bool> can_move(const std::string& to) {
  TRY_SET(const std::string from, group_of(0));
  std::size_t common = 0;
  for (std::size_t i = 0; i <= std::min(from.size(), to.size()); ++i) {
    const bool from_ends = i == from.size() || from[i] == '/';
    const bool to_ends = i == to.size() || to[i] == '/';
    if (from_ends && to_ends) common = i;
    if (i == from.size() || i == to.size() || from[i] != to[i]) break;
  }
  TRY_SET(const Cgroup above, Cgroup::open(common == 0 ? "/" : to.substr(0, common)));
  return faccessat(above.fd(), "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

}  // namespace

Result<Cgroup> join_container(const CgroupPlan& plan, const std::string& path, pid_t first) {
  TRY_SET(const Cgroup group, Cgroup::open(path));
  TRY_SET(Cgroup target, group.joinable(first));
  TRY_SET(const bool movable, can_move(path));
  if (!movable && plan.manager == CgroupManager::kSystemd) TRY(join_scope(plan, path));
  return target;
}

}  // namespace creel::engine::runtime
