// Which OCI runtime runs a container: Creel's own, or another program. Chosen at create and kept in the container's record.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/configuration.h"

namespace creel::engine {

// The name of Creel's own, as --runtime and inspect have it.
inline constexpr const char* kOwnRuntime = "creel";

struct RuntimeChoice {
  std::string name = kOwnRuntime;
  std::string path;  // absolute; empty: Creel's own
};
// `asked`: a name or an absolute path, as --runtime has it; empty: what the configuration says, else Creel's own. A name is
// looked for where [engine.runtimes] says, then beside this program and in $PATH. kNotFound names the places.
Result<RuntimeChoice> choose_runtime(const std::string& asked, const EngineConfiguration& configuration);

}  // namespace creel::engine
