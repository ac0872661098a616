// Resources as what cgroup v2 wants written, and into which files. Who runs this and with what rights: see cgroup.h.
// Conversions as the runtime specification and other runtimes have them. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/runtime/cgroup/resources.h"

namespace creel::engine::runtime {

// A controller that a limit cannot do without, and the flag by which users know that limit.
struct RequiredController {
  std::string controller;
  std::string flag;
};
// What is unlimited anyway ("pids: -1") needs none.
std::vector<RequiredController> required_controllers(const Resources& resources);

// cpu.weight (1..10000) of cgroup v1 shares (2..262144).
std::uint64_t cpu_weight(std::uint64_t shares);
// io.weight (1..10000) of a cgroup v1 blkio weight (10..1000).
std::uint64_t io_weight(std::uint16_t blkio_weight);
// memory.swap.max: `memory_swap` counts memory too. "max", or bytes. kInvalid.
Result<std::string> swap_max(std::optional<std::int64_t> memory, std::int64_t memory_swap);
// "memory.high": a controller, a dot, and nothing that leads elsewhere or moves processes. kInvalid.
Result<void> check_unified_key(std::string_view key);

// Writes what is set into the files of `group`, a directory; `path` is for error texts. Errors as Cgroup::apply().
Result<void> write_limits(int group, const std::string& path, const Resources& resources);

}  // namespace creel::engine::runtime
