// Namespaces of others that a container is to live in: of a running container ("container:NAME") or of a path ("ns:PATH").
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/container/config.h"
#include "engine/container/options.h"
#include "engine/engine.h"
#include "engine/runtime/spec.h"

namespace creel::engine {

// What was asked for, by kind: "host", "container:NAME", "ns:PATH", …
using NamespaceModes = std::map<runtime::NamespaceType, std::string>;
NamespaceModes namespace_modes(const CreateOptions& options);
NamespaceModes namespace_modes(const ContainerConfig& config);

struct JoinedNamespaces {
  std::map<runtime::NamespaceType, std::string> paths;  // "/proc/PID/ns/net"
  // Mount namespaces of the containers whose /dev/shm and /proc come with their IPC and PID namespaces; empty: none.
  std::string shm, proc;  // "/proc/PID/ns/mnt"
  // The same paths, opened while the container that lends them was known to run: its PID may soon be another's.
  std::map<std::string, Fd> opened;
  // The user namespace that these belong to, which the monitor enters so that it has rights over them; invalid: the
  // engine's, whichever is there.
  Fd user_namespace;
};

// Full IDs of the containers that `config` joins, each once.
std::vector<std::string> lenders(const ContainerConfig& config);

// kInUse where the other container does not run; kNotFound for paths.
Result<JoinedNamespaces> join_namespaces(Engine& engine, const NamespaceModes& modes);

}  // namespace creel::engine
