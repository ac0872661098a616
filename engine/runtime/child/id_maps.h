// The ID mappings of a new user namespace, written from outside. See user_namespaces(7), newuidmap(1).
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

// Who runs this: the parent of `pid`, which waits in its new user namespace. With rights over the namespace around it the
// maps are written as they are; without, one that maps nothing but the caller is (setgroups(2) is then denied in there),
// and all others by newuidmap and newgidmap. kUnavailable where those are needed and absent.
Result<void> write_id_maps(pid_t pid, const std::vector<IdMapStep>& uids, const std::vector<IdMapStep>& gids);

// Whether this process has CAP_SYS_ADMIN in its own user namespace.
[[nodiscard]] bool has_admin_rights();

}  // namespace creel::engine::runtime
