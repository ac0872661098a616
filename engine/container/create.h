// The inside of `create`, for `run`, which has the image already and a monitor on its way.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/container/config.h"
#include "engine/container/options.h"
#include "engine/engine.h"
#include "storage/store.h"

namespace creel::engine {

struct Creation;  // engine/container/passes.h

// All passes, one transaction, the container's directories and cidfile. On failure nothing is left. `claim`, where
// given: a lock on its directory, so that no prune takes it for a container that stays as it is (is_claimed).
Result<ContainerConfig> create_container(Engine& engine, const CreateOptions& options,
                                         const std::vector<std::string>& argv, storage::ImageRecord image,
                                         Fd* claim = nullptr);
// The end of that: the name is claimed, record, directories and cidfile are made.
Result<ContainerConfig> add_container(Creation& creation, Fd* claim = nullptr);
// Whether another process is about to start it, or to remove it after its end; or has not even made its directory.
bool is_claimed(Engine& engine, const storage::ContainerRecord& container);
// mkdir of <runtime>/containers/ID. Volatile, so at each start.
Result<void> make_running_dir(Engine& engine, const std::string& id);

}  // namespace creel::engine
