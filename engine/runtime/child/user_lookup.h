// --user "name[:group]" against the container's own /etc/passwd and /etc/group: hostile text, read with bounds, beneath the
// container's root.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/runtime/child/plan.h"

namespace creel::engine::runtime {

struct ResolvedUser {
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups;
  std::string home = "/";
};
// Names and numbers are both looked up; a number without an entry stands for itself. kInvalid: "unable to find user x: no
// matching entries in passwd file".
Result<ResolvedUser> resolve_user(int root, const UserStep& user);

}  // namespace creel::engine::runtime
