// The namespaces of a container's first process, as ps --ns shows them: their numbers, as lsns(8) has them.
// Thread-safe.
#pragma once

#include <sys/types.h>

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/container/container.h"

namespace creel::cmd {

struct ContainerNamespaces {
  pid_t pid = 0;
  std::string cgroup, ipc, mount, net, pid_ns, user, uts;  // empty where it does not run
};
ContainerNamespaces namespaces_of(const engine::Container& container);
// Podman's document of them.
nlohmann::json namespaces_document(const engine::Container& container);

}  // namespace creel::cmd
