// linux.resources. What only cgroup v1 can do is refused where it is asked for; 0, which means "not set" to the
// programs that write these documents, passes.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/runtime/spec_json_parts.h"

namespace creel::engine::runtime {

namespace {

constexpr const char* kOnlyV1 = "needs cgroup v1, which Creel does not use";

// 0 is "not set".
template <typename T>
Result<void> read_limit(const JsonField& field, std::optional<T>& out, T min = 0) {
  std::int64_t value = 0;
  TRY(field.read(value, static_cast<std::int64_t>(min), INT64_MAX));
  if (value != 0) out = static_cast<T>(value);
  return {};
}

Result<void> refuse_nonzero(const JsonField& field, const char* why) {
  std::int64_t value = 0;
  TRY(field.read(value));
  if (value != 0) return field.unsupported(why);
  return {};
}

Result<void> read_memory(const JsonField& field, Resources& out) {
  if (field.absent()) return {};
  TRY(field.object());
  TRY(read_limit(field["limit"], out.memory_limit, std::int64_t{-1}));
  TRY(read_limit(field["reservation"], out.memory_reservation, std::int64_t{-1}));
  TRY(read_limit(field["swap"], out.memory_swap, std::int64_t{-1}));
  TRY(field["checkBeforeUpdate"].read(out.check_before_update));
  // Kernel memory counts as memory there; engines still send both, and no kernel has enforced them for years.
  std::int64_t ignored = 0;
  TRY(field["kernel"].read(ignored));
  TRY(field["kernelTCP"].read(ignored));
  bool hierarchy = true;
  TRY(field["useHierarchy"].read(hierarchy));
  TRY(refuse_nonzero(field["swappiness"], kOnlyV1));
  bool no_killer = false;
  TRY(field["disableOOMKiller"].read(no_killer));
  if (no_killer) return field["disableOOMKiller"].unsupported(kOnlyV1);
  return {};
}

Result<void> read_cpu(const JsonField& field, Resources& out) {
  if (field.absent()) return {};
  TRY(field.object());
  TRY(read_limit(field["shares"], out.cpu_shares));
  TRY(read_limit(field["quota"], out.cpu_quota, std::int64_t{-1}));
  TRY(read_limit(field["period"], out.cpu_period));
  TRY(field["burst"].read(out.cpu_burst));
  TRY(field["idle"].read(out.cpu_idle, std::int64_t{0}, std::int64_t{1}));
  TRY(refuse_nonzero(field["realtimeRuntime"], kOnlyV1));
  TRY(refuse_nonzero(field["realtimePeriod"], kOnlyV1));
  TRY(field["cpus"].read(out.cpuset_cpus));
  return field["mems"].read(out.cpuset_mems);
}

Result<void> read_device_number(const JsonField& field, std::int64_t& out) {
  TRY(field.required());
  return field.read(out, 0, INT32_MAX);
}

Result<void> read_rates(const JsonField& field, std::vector<BlockRate>& out) {
  TRY_SET(const std::size_t size, field.count());
  for (std::size_t i = 0; i < size; ++i) {
    const JsonField one = field.item(i);
    TRY(one.object());
    BlockRate rate;
    TRY(read_device_number(one["major"], rate.major));
    TRY(read_device_number(one["minor"], rate.minor));
    TRY(one["rate"].required());
    TRY(one["rate"].read(rate.rate));
    out.push_back(rate);
  }
  return {};
}

Result<void> read_weight(const JsonField& field, std::optional<std::uint16_t>& out) {
  std::uint16_t weight = 0;
  TRY(field.read(weight));
  if (weight == 0) return {};
  if (weight < 10 || weight > 1000) return field.wrong("a whole number from 10 to 1000 is expected");
  out = weight;
  return {};
}

Result<void> read_block_io(const JsonField& field, Resources& out) {
  if (field.absent()) return {};
  TRY(field.object());
  TRY(read_weight(field["weight"], out.io_weight));
  TRY(refuse_nonzero(field["leafWeight"], kOnlyV1));
  const JsonField weights = field["weightDevice"];
  TRY_SET(const std::size_t size, weights.count());
  for (std::size_t i = 0; i < size; ++i) {
    const JsonField one = weights.item(i);
    TRY(one.object());
    BlockWeight weight;
    TRY(read_device_number(one["major"], weight.major));
    TRY(read_device_number(one["minor"], weight.minor));
    TRY(refuse_nonzero(one["leafWeight"], kOnlyV1));
    std::optional<std::uint16_t> given;
    TRY(read_weight(one["weight"], given));
    if (!given) continue;
    weight.weight = *given;
    out.io_weight_device.push_back(weight);
  }
  TRY(read_rates(field["throttleReadBpsDevice"], out.io_read_bps));
  TRY(read_rates(field["throttleWriteBpsDevice"], out.io_write_bps));
  TRY(read_rates(field["throttleReadIOPSDevice"], out.io_read_iops));
  return read_rates(field["throttleWriteIOPSDevice"], out.io_write_iops);
}

bool page_size(const std::string& text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string::npos || text[0] == '0') return false;
  const std::string unit = text.substr(digits);
  return unit == "KB" || unit == "MB" || unit == "GB";
}

Result<void> read_hugepages(const JsonField& field, std::vector<HugepageLimit>& out) {
  TRY_SET(const std::size_t size, field.count());
  for (std::size_t i = 0; i < size; ++i) {
    const JsonField one = field.item(i);
    TRY(one.object());
    HugepageLimit limit;
    TRY(one["pageSize"].required());
    TRY(one["pageSize"].read(limit.page_size));
    if (!page_size(limit.page_size)) return one["pageSize"].wrong("a size like 64KB, 2MB or 1GB is expected");
    TRY(one["limit"].required());
    TRY(one["limit"].read(limit.limit));
    out.push_back(std::move(limit));
  }
  return {};
}

// -1 is what engines write for "any".
Result<void> read_wildcard(const JsonField& field, std::optional<std::int64_t>& out) {
  std::int64_t number = -1;
  TRY(field.read(number, -1, INT32_MAX));
  if (number >= 0) out = number;
  return {};
}

Result<void> read_device_rules(const JsonField& field, std::vector<DeviceRule>& out) {
  TRY_SET(const std::size_t size, field.count());
  for (std::size_t i = 0; i < size; ++i) {
    const JsonField one = field.item(i);
    TRY(one.object());
    DeviceRule rule;
    TRY(one["allow"].required());
    TRY(one["allow"].read(rule.allow));
    std::string type = "a";
    TRY(one["type"].read(type));
    if (type.empty()) type = "a";
    if (type != "a" && type != "b" && type != "c") return one["type"].wrong("a, b or c is expected");
    rule.type = type[0];
    TRY(read_wildcard(one["major"], rule.major));
    TRY(read_wildcard(one["minor"], rule.minor));
    TRY(one["access"].read(rule.access));
    if (rule.access.find_first_not_of("rwm") != std::string::npos) {
      return one["access"].wrong("letters of rwm are expected");
    }
    out.push_back(std::move(rule));
  }
  return {};
}

Result<void> read_unified(const JsonField& field, std::vector<std::pair<std::string, std::string>>& out) {
  std::map<std::string, std::string> all;
  TRY(field.read(all));
  for (const auto& [key, value] : all) {
    // A file of the group, and only there.
    if (key.find('/') != std::string::npos || key.find('.') == std::string::npos || key[0] == '.') {
      return field.wrong("unknown control group file " + in_quotes(key));
    }
    out.emplace_back(key, value);
  }
  return {};
}

Result<void> refuse_network(const JsonField& field) {
  if (field.absent()) return {};
  TRY(field.object());
  TRY(refuse_nonzero(field["classID"], kOnlyV1));
  TRY_SET(const std::size_t size, field["priorities"].count());
  if (size != 0) return field["priorities"].unsupported(kOnlyV1);
  return {};
}

}  // namespace

Result<void> read_resources(const JsonField& field, Resources& out) {
  if (field.absent()) return {};
  TRY(field.object());
  TRY(read_device_rules(field["devices"], out.devices));
  TRY(read_memory(field["memory"], out));
  TRY(read_cpu(field["cpu"], out));
  if (const JsonField pids = field["pids"]; !pids.absent()) {
    TRY(pids.object());
    TRY(pids["limit"].read(out.pids_limit));
  }
  TRY(read_block_io(field["blockIO"], out));
  TRY(read_hugepages(field["hugepageLimits"], out.hugepages));
  TRY(refuse_network(field["network"]));
  if (const JsonField rdma = field["rdma"]; !rdma.absent()) {
    TRY(rdma.object());
    if (!rdma.value().empty()) return rdma.unsupported("limits of RDMA devices are not supported");
  }
  return read_unified(field["unified"], out.unified);
}

}  // namespace creel::engine::runtime
