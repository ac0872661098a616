// Devices, and the parts of /proc and /sys that are hidden or closed.
#include <fnmatch.h>

#include <algorithm>

#include "engine/container/devices.h"
#include "engine/container/passes.h"
#include "engine/container/spec_passes.h"
#include "engine/runtime/compile.h"

namespace creel::engine {

namespace {

// mknod(2) of a device needs the initial user namespace; elsewhere the host's node is bound, and its mode decides.
runtime::Mount bound(const HostDevice& device) {
  runtime::Mount out{device.destination, "bind", device.source, {"bind", "rprivate", "nosuid", "noexec"}};
  if (device.access.find('w') == std::string::npos) out.options.emplace_back("ro");
  return out;
}

bool mounted_at(const runtime::Spec& spec, const std::string& path) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(),
                     [&](const runtime::Mount& mount) { return mount.destination == path; });
}

}  // namespace

bool is_unmasked(const std::vector<std::string>& patterns, const std::string& path) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return pattern == "ALL" || fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
  });
}

Result<void> pass_spec_devices(Engine& engine, const ContainerConfig& config, runtime::Spec& spec) {
  const bool bind = engine.rootless() || has_user_namespace(spec);
  // What no rule names is denied; the devices that every container has are allowed after all rules.
  if (!bind || config.privileged) spec.resources.devices.push_back({config.privileged, 'a', {}, {}, "rwm"});
  std::vector<HostDevice> devices;
  if (config.privileged) devices = all_host_devices(engine.rootless());
  for (const std::string& text : config.devices) {
    TRY_SET(std::vector<HostDevice> found, host_devices(text));
    for (HostDevice& device : found) {
      std::erase_if(devices, [&](const HostDevice& old) { return old.destination == device.destination; });
      devices.push_back(std::move(device));
    }
  }
  for (HostDevice& device : devices) {
    if (mounted_at(spec, device.destination)) continue;
    if (bind) {
      spec.mounts.push_back(bound(device));
    } else {
      spec.devices.push_back(device.node);
    }
    if (bind || config.privileged) continue;
    spec.resources.devices.push_back({true, device.node.type, device.node.major, device.node.minor, device.access});
  }
  for (const std::string& text : config.device_rules) {
    TRY_SET(runtime::DeviceRule rule, parse_device_rule(text));
    spec.resources.devices.push_back(std::move(rule));
  }
  return {};
}

void pass_spec_paths(const ContainerConfig& config, runtime::Spec& spec) {
  if (!config.privileged) {
    for (const std::string& path : runtime::default_masked_paths()) {
      if (!is_unmasked(config.unmask, path)) spec.masked_paths.push_back(path);
    }
    for (const std::string& path : runtime::default_readonly_paths()) {
      if (!is_unmasked(config.unmask, path)) spec.readonly_paths.push_back(path);
    }
  }
  spec.masked_paths.insert(spec.masked_paths.end(), config.mask.begin(), config.mask.end());
}

}  // namespace creel::engine
