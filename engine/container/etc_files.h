// The files of <runtime>/containers/ID that are bound into a container: hosts, resolv.conf, hostname, containerenv.
#pragma once

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/engine.h"

namespace creel::engine {

// The file `name` that is bound into the container: its own, or that of the container whose network it shares.
std::string etc_file(Engine& engine, const ContainerConfig& config, const char* name);
// Written at each start: the host's files may have changed. Runs as the caller, outside any namespace.
Result<void> write_etc_files(Engine& engine, const ContainerConfig& config);

}  // namespace creel::engine
