#include "engine/runtime/instance/stats.h"

#include <nlohmann/json.hpp>

namespace creel::engine::runtime {

using nlohmann::json;

namespace {

constexpr std::uint64_t kNsPerUs = 1000;

json block_entry(const char* op, std::uint64_t value) {
  return {{"major", 0}, {"minor", 0}, {"op", op}, {"value", value}};
}

json memory_entry(std::uint64_t usage, std::uint64_t limit, std::uint64_t peak) {
  return {{"limit", limit}, {"usage", usage}, {"max", peak}, {"failcnt", 0}};
}

}  // namespace

std::string stats_event(const std::string& id, const CgroupStats& stats) {
  json data;
  data["cpu"] = {{"usage",
                  {{"total", stats.cpu_usage_us * kNsPerUs},
                   {"kernel", stats.cpu_system_us * kNsPerUs},
                   {"user", stats.cpu_user_us * kNsPerUs}}},
                 {"throttling",
                  {{"periods", stats.periods},
                   {"throttledPeriods", stats.throttled_periods},
                   {"throttledTime", stats.throttled_us * kNsPerUs}}}};
  data["memory"] = {{"cache", stats.memory_file},
                    {"usage", memory_entry(stats.memory_usage, stats.memory_limit, stats.memory_peak)},
                    {"swap", memory_entry(stats.memory_swap_usage, stats.memory_swap_limit, 0)},
                    {"kernel", memory_entry(stats.memory_kernel, 0, 0)},
                    {"raw",
                     {{"anon", stats.memory_anon},
                      {"file", stats.memory_file},
                      {"inactive_file", stats.memory_inactive_file},
                      {"kernel", stats.memory_kernel},
                      {"oom_kill", stats.oom_kills}}}};
  data["pids"] = {{"current", stats.pids_current}, {"limit", stats.pids_limit}};
  data["blkio"] = {
      {"ioServiceBytesRecursive",
       {block_entry("Read", stats.io_read_bytes), block_entry("Write", stats.io_write_bytes)}},
      {"ioServicedRecursive", {block_entry("Read", stats.io_reads), block_entry("Write", stats.io_writes)}}};
  data["hugetlb"] = json::object();
  data["intel_rdt"] = json::object();
  data["network_interfaces"] = nullptr;
  return json{{"type", "stats"}, {"id", id}, {"data", std::move(data)}}.dump() + "\n";
}

std::string oom_event(const std::string& id) {
  return json{{"type", "oom"}, {"id", id}}.dump() + "\n";
}

}  // namespace creel::engine::runtime
