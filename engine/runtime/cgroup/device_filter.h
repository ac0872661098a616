// Which devices the processes of a group may open and make: an eBPF program of type cgroup device.
//
// Who runs this: creel-monitor and creel-runtime as root of the initial user namespace, which alone may load such
// programs. Elsewhere the kernel itself refuses mknod(2), and what is bound in from the host is guarded by its owner
// and mode. See Documentation/admin-guide/cgroup-v2.rst "Device controller", bpf(2).
#pragma once

#include <linux/bpf.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/runtime/cgroup/resources.h"

namespace creel::engine::runtime {

// What every container has, whatever its rules say: the devices that config-linux.md calls default, its terminals, and
// making nodes (not opening them), which `tar` and package managers do.
const std::vector<DeviceRule>& default_device_rules();

// The program for `rules` in order: of the rules that fit a device, the last decides, for each of r, w and m by itself.
// What no rule allows is denied. kInvalid names the rule.
Result<std::vector<bpf_insn>> device_program(const std::vector<DeviceRule>& rules);

// Attaches the program of `rules` to the group in place of what is attached there. Both hold for a moment, so there is
// none in which more is allowed than either does.
Result<void> attach_device_filter(int group, const std::vector<DeviceRule>& rules);

}  // namespace creel::engine::runtime
