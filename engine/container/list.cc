#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/container/container.h"
#include "engine/container/filters.h"
#include "engine/container/state.h"
#include "engine/json.h"

namespace creel::engine {

Result<std::vector<Container>> list(Engine& engine, const ListOptions& options) {
  TRY_SET(Filters filters, parse_container_filters(options.filters));
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(std::vector<storage::ContainerRecord> records, store->containers());
  std::vector<Container> all;
  all.reserve(records.size());
  for (storage::ContainerRecord& record : records) {
    Container container;
    container.observed = observe(engine, record.id);
    container.record = std::move(record);
    all.push_back(std::move(container));
  }
  reap(engine, all);
  // A status that was asked for is shown, whatever it is.
  const int last = options.latest ? 1 : options.last;
  const bool every_state = options.all || last > 0 || filters.contains("status");
  // In place: a second list of thousands is half of what `ps` takes.
  std::size_t kept = 0;
  for (Container& container : all) {
    if (!every_state && !is_active(container.observed)) continue;
    TRY_SET(bool wanted, matches(engine, container, filters));
    if (!wanted) continue;
    if (Container& place = all[kept++]; &place != &container) place = std::move(container);
  }
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(kept), all.end());
  if (last > 0 && all.size() > static_cast<std::size_t>(last)) {
    all.erase(all.begin(), all.end() - last);  // by creation time: the last ones are the youngest
  }
  return all;
}

std::vector<net::PortMapping> ports_of(const storage::ContainerRecord& record) {
  std::vector<net::PortMapping> out;
  if (record.ports.empty() || record.ports == "[]") return out;
  const nlohmann::json ports = nlohmann::json::parse(record.ports, nullptr, false);
  if (!ports.is_array()) return out;
  for (const nlohmann::json& port : ports) {
    net::PortMapping mapping;
    mapping.host_ip = text_of(port, "host_ip");
    mapping.host_port = static_cast<std::uint16_t>(int_of(port, "host_port"));
    mapping.container_port = static_cast<std::uint16_t>(int_of(port, "container_port"));
    mapping.protocol = text_of(port, "protocol");
    out.push_back(std::move(mapping));
  }
  return out;
}

Result<std::vector<net::PortMapping>> ports(Engine& engine, const std::string& name) {
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  return ports_of(record);
}

}  // namespace creel::engine
