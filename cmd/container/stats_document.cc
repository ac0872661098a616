#include "cmd/container/stats_document.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cmd/output/output.h"

namespace creel::cmd {
namespace {

using engine::Usage;
using nlohmann::json;

double share(double part, double whole) {
  return whole > 0 && part > 0 ? part / whole * 100 : 0;
}

std::string percent(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f%%", value);
  return text;
}

double cpu_share(const Usage& usage, const std::optional<Usage>& before) {
  // One that was started again has counted from 0.
  if (!before || !before->running || before->cpu_ns > usage.cpu_ns || before->taken_ns >= usage.taken_ns) {
    return share(static_cast<double>(usage.cpu_ns), static_cast<double>(usage.running_ns));
  }
  return share(static_cast<double>(usage.cpu_ns - before->cpu_ns),
               static_cast<double>(usage.taken_ns - before->taken_ns));
}

std::string scaled(std::uint64_t bytes, double base, const std::array<const char*, 7>& units) {
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= base && unit + 1 < units.size(); ++unit) value /= base;
  char text[64];
  std::snprintf(text, sizeof text, "%.4g%s", value, units[unit]);
  return text;
}

}  // namespace

std::string decimal_size(std::uint64_t bytes) {
  return scaled(bytes, 1000, {"B", "kB", "MB", "GB", "TB", "PB", "EB"});
}
std::string binary_size(std::uint64_t bytes) {
  return scaled(bytes, 1024, {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"});
}

json stats_row(const Usage& usage, const std::optional<Usage>& before, bool whole) {
  const double average = share(static_cast<double>(usage.cpu_ns), static_cast<double>(usage.running_ns));
  const double cpu = cpu_share(usage, before);
  const double memory = share(static_cast<double>(usage.memory), static_cast<double>(usage.memory_limit));
  const std::string block = decimal_size(usage.block_input) + " / " + decimal_size(usage.block_output);
  return {{"ID", whole ? usage.id : usage.id.substr(0, 12)},
          {"ContainerID", usage.id},
          {"Name", usage.name},
          {"CPUPerc", percent(cpu)},
          {"CPU", cpu},
          {"CPUNano", usage.cpu_ns},
          {"CPUSystemNano", usage.cpu_system_ns},
          {"SystemNano", usage.taken_ns},
          {"AVGCPU", percent(average)},
          {"AvgCPU", average},
          {"MemUsage", decimal_size(usage.memory) + " / " + decimal_size(usage.memory_limit)},
          {"MemUsageBytes", binary_size(usage.memory) + " / " + binary_size(usage.memory_limit)},
          {"MemLimit", usage.memory_limit},
          {"MemPerc", percent(memory)},
          {"NetIO", usage.has_network || !usage.running
                        ? decimal_size(usage.net_input) + " / " + decimal_size(usage.net_output)
                        : "-- / --"},
          {"NetInput", usage.net_input},
          {"NetOutput", usage.net_output},
          {"BlockIO", block},
          {"BlockInput", usage.block_input},
          {"BlockOutput", usage.block_output},
          {"PIDS", std::to_string(usage.pids)},
          {"PIDs", usage.pids},
          {"UpTime", go_duration(usage.cpu_ns)},
          {"Up", go_duration(usage.cpu_ns)},
          {"Duration", usage.cpu_ns}};
}

json stats_document(const json& row) {
  return {{"id", row["ID"]},
          {"name", row["Name"]},
          {"cpu_time", row["UpTime"]},
          {"cpu_percent", row["CPUPerc"]},
          {"avg_cpu", row["AVGCPU"]},
          {"mem_usage", row["MemUsage"]},
          {"mem_percent", row["MemPerc"]},
          {"net_io", row["NetIO"]},
          {"block_io", row["BlockIO"]},
          {"pids", row["PIDS"]}};
}

}  // namespace creel::cmd
