// Devices of the host that a container gets: at create their syntax, at each start what is there. The caller's rights.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/runtime/spec.h"

namespace creel::engine {

struct HostDevice {
  std::string source, destination;
  std::string access;  // of "rwm"
  runtime::Device node;
};

// "HOST:CONTAINER:rwm" (all three parts). A directory: all devices beneath it. kNotFound, kInvalid.
Result<std::vector<HostDevice>> host_devices(const std::string& device);
// All devices of the host, but terminals and what a container has of its own. `openable`: those that this user may open.
std::vector<HostDevice> all_host_devices(bool openable);

// "c 1:3 rwm", "a *:* rwm". kInvalid.
Result<runtime::DeviceRule> parse_device_rule(const std::string& text);

}  // namespace creel::engine
