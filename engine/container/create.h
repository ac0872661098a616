// The inside of `create`, for `run`, which has the image already and a monitor on its way.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/container/options.h"
#include "engine/engine.h"
#include "storage/store.h"

namespace creel::engine {

// All passes, one transaction, the container's directories and cidfile. On failure nothing is left.
Result<ContainerConfig> create_container(Engine& engine, const CreateOptions& options,
                                         const std::vector<std::string>& argv, storage::ImageRecord image);
// mkdir of <runtime>/containers/ID. Volatile, so at each start.
Result<void> make_running_dir(Engine& engine, const std::string& id);

}  // namespace creel::engine
