// `events --stats`: what a control group has used, as runc writes it.
#pragma once

#include <string>

#include "engine/runtime/cgroup/cgroup.h"

namespace creel::engine::runtime {

// One line: {"type":"stats","id":…,"data":{…}}. Of what cgroup v2 does not count, the fields are left out.
std::string stats_event(const std::string& id, const CgroupStats& stats);
// {"type":"oom","id":…}
std::string oom_event(const std::string& id);

}  // namespace creel::engine::runtime
