// HostConfig's part on limits and the control group, with Podman's keys.
#include "engine/container/inspect_limits.h"

#include <nlohmann/json.hpp>

#include "engine/container/control_group.h"

namespace creel::engine {

using nlohmann::json;

namespace {

// Kept by Podman for Docker's sake; cgroup v2 has none of it.
constexpr const char* kAlwaysZero[] = {"CpuRealtimePeriod", "CpuRealtimeRuntime", "DiskQuota",
                                       "KernelMemory",      "MemorySwappiness",   "CpuCount",
                                       "CpuPercent",        "IOMaximumIOps",      "IOMaximumBandwidth"};

json devices(const std::vector<DeviceLimit>& list, const char* value) {
  json out = nullptr;
  for (const DeviceLimit& one : list) out.push_back({{"Path", one.path}, {value, one.value}});
  return out;
}

json unified(const runtime::Resources& resources) {
  json out = nullptr;
  for (const auto& [key, value] : resources.unified) out[key] = value;
  return out;
}

}  // namespace

json limits_section(Engine& engine, const ContainerConfig& config) {
  const Limits& limits = config.limits;
  const runtime::Resources& resources = limits.resources;
  json out = json::object();
  auto manager = control_group_manager(engine);
  const bool none = config.cgroups == "disabled" || !manager.ok() || *manager == runtime::CgroupManager::kNone;
  out["CgroupManager"] = manager.ok() ? to_string(*manager) : "none";
  out["Cgroups"] = config.cgroups == "disabled" ? "disabled" : "default";
  out["CgroupParent"] = config.cgroup_parent;
  out["CgroupConf"] = unified(resources);
  for (const char* key : kAlwaysZero) out[key] = 0;
  out["Memory"] = resources.memory_limit.value_or(0);
  out["MemoryReservation"] = resources.memory_reservation.value_or(0);
  out["MemorySwap"] = resources.memory_swap.value_or(0);
  out["CpuShares"] = resources.cpu_shares.value_or(0);
  out["CpuPeriod"] = resources.cpu_period.value_or(0);
  out["CpuQuota"] = resources.cpu_quota.value_or(0);
  // Whole billionths: 1.5 CPUs are 1500000000.
  out["NanoCpus"] = limits.by_cpus ? resources.cpu_quota.value_or(0) * 10'000 : 0;
  out["CpusetCpus"] = resources.cpuset_cpus;
  out["CpusetMems"] = resources.cpuset_mems;
  // The engine's own is none where it cannot be enforced.
  out["PidsLimit"] = limits.default_pids_limit && none ? 0 : resources.pids_limit.value_or(0);
  out["BlkioWeight"] = resources.io_weight.value_or(0);
  out["BlkioWeightDevice"] = devices(limits.weight_device, "Weight");
  out["BlkioDeviceReadBps"] = devices(limits.read_bps, "Rate");
  out["BlkioDeviceWriteBps"] = devices(limits.write_bps, "Rate");
  out["BlkioDeviceReadIOps"] = devices(limits.read_iops, "Rate");
  out["BlkioDeviceWriteIOps"] = devices(limits.write_iops, "Rate");
  return out;
}

}  // namespace creel::engine
