// Kernel parameters that a container may have for itself. See config-linux.md "Sysctl", namespaces(7). Thread-safe.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace creel::engine::runtime {

struct SysctlScope {
  bool network = false;  // new namespaces that the container has
  bool ipc = false;
};

// "net.ipv4.ip_forward" or "net/ipv4/ip_forward" -> the former. kInvalid: not a parameter of one of the container's own
// namespaces, so that setting it would change the host.
Result<std::pair<std::string, std::string>> compile_sysctl(const std::string& key, const std::string& value,
                                                           const SysctlScope& scope);

}  // namespace creel::engine::runtime
