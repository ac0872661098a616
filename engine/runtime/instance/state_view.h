// The state of a container as runtime.md and runc show it. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/runtime/instance/instance.h"
#include "engine/runtime/instance/record.h"

namespace creel::engine::runtime {

nlohmann::json state_view(const Record& record, Status status);

}  // namespace creel::engine::runtime
