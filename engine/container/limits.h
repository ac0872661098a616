// What a container may use, as `create` and `update` were asked: kept in its record, and turned into
// runtime::Resources at each start. Pure data and pure functions but for resources_of(); thread-safe.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/options.h"
#include "engine/runtime/cgroup/resources.h"

namespace creel::engine {

// By path: a device's number may be another after a reboot.
struct DeviceLimit {
  std::string path;
  std::uint64_t value = 0;  // a weight, bytes per second or operations per second
};

struct Limits {
  runtime::Resources resources;  // all but the devices'
  std::vector<DeviceLimit> weight_device, read_bps, write_bps, read_iops, write_iops;
  bool by_cpus = false;  // the quota was given as --cpus
  // resources.pids_limit is the engine's own, not the user's: it holds only where it can be enforced.
  bool default_pids_limit = false;
};

// Podman's, for whoever asks for none.
inline constexpr std::int64_t kDefaultPidsLimit = 2048;

// Puts what is given into `limits`; the rest stays. kInvalid in Podman's words, kUnsupported for what cgroup v2 does
// not have (swappiness, real time, no OOM killer).
Result<void> parse_limits(const LimitOptions& options, Limits& limits);

// With the devices looked up. kNotFound, kInvalid: what is no block device.
Result<runtime::Resources> resources_of(const Limits& limits);
// Whether anything is limited that the user asked for.
[[nodiscard]] bool asks_for_limit(const Limits& limits);

// In the container's record; empty where nothing is limited.
nlohmann::json limits_document(const Limits& limits);
Limits limits_from_document(const nlohmann::json& document);

}  // namespace creel::engine
