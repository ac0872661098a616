// The host as info shows it, read from /proc and uname. Nothing here fails: what cannot be read is left out.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace creel::cmd {

nlohmann::json host_document();

}  // namespace creel::cmd
