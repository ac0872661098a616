// What a container may use: linux.resources of config.json as typed data (runtime-spec config-linux.md, "Control
// groups"). Pure data; crosses a process boundary as a part of Plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace creel::engine::runtime {

struct DeviceRule {
  bool allow = false;
  char type = 'a';                           // a, b, c
  std::optional<std::int64_t> major, minor;  // absent: any
  std::string access;                        // of "rwm"; empty: all
};

struct BlockRate {  // bytes or operations per second
  std::int64_t major = 0, minor = 0;
  std::uint64_t rate = 0;
};
struct BlockWeight {
  std::int64_t major = 0, minor = 0;
  std::uint16_t weight = 0;  // 10..1000
};

struct HugepageLimit {
  std::string page_size;    // "2MB"
  std::uint64_t limit = 0;  // bytes
};

struct Resources {
  // memory, bytes; -1: unlimited. `memory_swap` is memory plus swap, as the specification has it.
  std::optional<std::int64_t> memory_limit, memory_reservation, memory_swap;
  bool check_before_update = false;
  // cpu. Shares as cgroup v1 has them (2..262144), quota and period in microseconds; quota -1: unlimited.
  std::optional<std::uint64_t> cpu_shares, cpu_period, cpu_burst;
  std::optional<std::int64_t> cpu_quota, cpu_idle;
  std::string cpuset_cpus, cpuset_mems;
  std::optional<std::int64_t> pids_limit;  // 0 or less: unlimited
  std::optional<std::uint16_t> io_weight;  // blkio weight, 10..1000
  std::vector<BlockWeight> io_weight_device;
  std::vector<BlockRate> io_read_bps, io_write_bps, io_read_iops, io_write_iops;
  std::vector<HugepageLimit> hugepages;
  std::vector<std::pair<std::string, std::string>> unified;  // "memory.high" -> "1000000"
  std::vector<DeviceRule> devices;                           // in order, the last that fits decides

  // Whether anything but device rules is asked for.
  [[nodiscard]] bool any_limit() const;
  friend bool operator==(const Resources&, const Resources&) = default;
};
inline bool operator==(const DeviceRule& a, const DeviceRule& b) {
  return a.allow == b.allow && a.type == b.type && a.major == b.major && a.minor == b.minor && a.access == b.access;
}
inline bool operator==(const BlockRate& a, const BlockRate& b) {
  return a.major == b.major && a.minor == b.minor && a.rate == b.rate;
}
inline bool operator==(const BlockWeight& a, const BlockWeight& b) {
  return a.major == b.major && a.minor == b.minor && a.weight == b.weight;
}
inline bool operator==(const HugepageLimit& a, const HugepageLimit& b) {
  return a.page_size == b.page_size && a.limit == b.limit;
}

}  // namespace creel::engine::runtime
