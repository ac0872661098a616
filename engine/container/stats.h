// What a container uses, at one moment. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "engine/container/container.h"
#include "engine/engine.h"

namespace creel::engine {

struct Usage {
  std::string id, name;
  bool running = false;         // all below is 0 where it does not run
  std::int64_t taken_ns = 0;    // CLOCK_REALTIME
  std::int64_t running_ns = 0;  // since its start
  std::uint64_t cpu_ns = 0, cpu_system_ns = 0;
  std::uint64_t memory = 0;                         // bytes, without what is only cached and can go
  std::uint64_t memory_limit = 0;                   // its own, else the host's memory
  std::uint64_t block_input = 0, block_output = 0;  // bytes
  bool has_network = false;                         // a network namespace of its own
  std::uint64_t net_input = 0, net_output = 0;      // bytes, of all interfaces but the loopback
  std::uint64_t pids = 0;
};
// kUnavailable: it has no control group to count in.
Result<Usage> usage_of(const Container& container);

}  // namespace creel::engine
