#include "engine/container/dependents.h"

#include <algorithm>

#include "engine/container/config.h"
#include "engine/container/state.h"

namespace creel::engine {

Result<std::vector<std::string>> dependents(Engine& engine, const std::string& id) {
  std::vector<std::string> out;
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const std::vector<storage::ContainerRecord> records, store->containers_naming(id));
  const std::string joined = "container:" + id;
  for (const storage::ContainerRecord& record : records) {
    auto config = config_of(record);
    if (!config.ok()) continue;
    const auto is_joined = [&](const std::string* mode) { return *mode == joined; };
    const std::vector<const std::string*> modes = {&config->network, &config->pid,      &config->ipc,
                                                   &config->uts,     &config->cgroupns, &config->userns};
    const auto& required = config->requires_;
    if (std::any_of(modes.begin(), modes.end(), is_joined) ||
        std::find(required.begin(), required.end(), id) != required.end()) {
      out.push_back(record.id);
    }
  }
  return out;
}

}  // namespace creel::engine
