// Limits as JSON in a container's record. What is not limited is left out.
#include <nlohmann/json.hpp>

#include "engine/container/limits.h"
#include "engine/json.h"

namespace creel::engine {

using nlohmann::json;

namespace {

struct Writer {
  json& out;
  template <typename T>
  void operator()(const char* key, const std::optional<T>& value) {
    if (value) out[key] = *value;
  }
  void operator()(const char* key, const std::string& value) {
    if (!value.empty()) out[key] = value;
  }
  void operator()(const char* key, bool value) {
    if (value) out[key] = true;
  }
  void operator()(const char* key, const std::vector<DeviceLimit>& list) {
    for (const DeviceLimit& one : list) out[key].push_back({{"path", one.path}, {"value", one.value}});
  }
  void operator()(const char* key, const std::vector<std::pair<std::string, std::string>>& pairs) {
    for (const auto& [name, value] : pairs) out[key].push_back({name, value});
  }
};

struct Reader {
  const json& in;
  template <typename T>
  void operator()(const char* key, std::optional<T>& value) {
    if (member(in, key).is_number_integer()) value = static_cast<T>(int_of(in, key));
  }
  void operator()(const char* key, std::string& value) { value = text_of(in, key); }
  void operator()(const char* key, bool& value) { value = bool_of(in, key); }
  void operator()(const char* key, std::vector<DeviceLimit>& list) {
    for (const json& one : member(in, key)) {
      list.push_back({text_of(one, "path"), static_cast<std::uint64_t>(int_of(one, "value"))});
    }
  }
  void operator()(const char* key, std::vector<std::pair<std::string, std::string>>& pairs) {
    for (const json& one : member(in, key)) {
      if (one.is_array() && one.size() == 2 && one[0].is_string() && one[1].is_string())
        pairs.emplace_back(one[0], one[1]);
    }
  }
};

template <typename Visitor, typename AnyLimits>
void visit(Visitor&& member, AnyLimits& l) {
  auto& r = l.resources;
  member("memory", r.memory_limit);
  member("memoryReservation", r.memory_reservation);
  member("memorySwap", r.memory_swap);
  member("cpuShares", r.cpu_shares);
  member("cpuQuota", r.cpu_quota);
  member("cpuPeriod", r.cpu_period);
  member("byCpus", l.by_cpus);
  member("cpusetCpus", r.cpuset_cpus);
  member("cpusetMems", r.cpuset_mems);
  member("pids", r.pids_limit);
  member("defaultPids", l.default_pids_limit);
  member("blkioWeight", r.io_weight);
  member("weightDevice", l.weight_device);
  member("readBps", l.read_bps);
  member("writeBps", l.write_bps);
  member("readIops", l.read_iops);
  member("writeIops", l.write_iops);
  member("unified", r.unified);
}

}  // namespace

json limits_document(const Limits& limits) {
  json out = json::object();
  visit(Writer{out}, limits);
  return out;
}

Limits limits_from_document(const json& document) {
  Limits out;
  visit(Reader{document}, out);
  return out;
}

}  // namespace creel::engine
