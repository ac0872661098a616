// Kernel parameters that a container may have for itself. See config-linux.md "Sysctl", namespaces(7). Thread-safe.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace creel::engine::runtime {

struct SysctlScope {
  bool network = false;  // namespaces that are not the caller's own
  bool ipc = false;
  bool uts = false;
};

// "net.ipv4.ip_forward" or "net/ipv4/ip_forward" -> the latter, a path beneath /proc/sys. As sysctl(8): in the first form
// a '/' stands for a dot in a name ("net.ipv4.conf.eth0/7.forwarding"). kInvalid: not a parameter of one of the container's own
// namespaces, so that setting it would change the host.
Result<std::pair<std::string, std::string>> compile_sysctl(const std::string& key, const std::string& value,
                                                           const SysctlScope& scope);

}  // namespace creel::engine::runtime
