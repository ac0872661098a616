#include "cmd/container/ps_document.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/container/ps_text.h"
#include "cmd/output/output.h"
#include "engine/container/config.h"
#include "engine/json.h"

namespace creel::cmd {
namespace {

using engine::Container;
using engine::monitor::Status;
using nlohmann::json;

// Go's zero time as Unix seconds: "never".
constexpr std::int64_t kNever = -62135596800;

std::int64_t seconds_or_never(std::int64_t ns) {
  return ns > 0 ? ns / 1'000'000'000 : kNever;
}

std::int64_t started(const Container& container) {
  const auto& observed = container.observed;
  if (observed.state) return seconds_or_never(observed.state->started_ns);
  return observed.exit ? seconds_or_never(observed.exit->started_ns) : kNever;
}

int restarts(const engine::monitor::Observed& observed) {
  if (observed.state) return observed.state->restarts;
  return observed.exit ? observed.exit->restarts : 0;
}

std::string age_text(const Container& container, std::int64_t now) {
  return human_duration(now - container.record.created_ns) + " ago";
}

json texts(const std::vector<std::string>& values) {
  json out = json::array();
  for (const std::string& value : values) out.push_back(value);
  return out;
}

json labels_of(const Container& container) {
  json out = json::object();
  for (const auto& [key, value] : engine::text_map_from_column(container.record.labels)) out[key] = value;
  return out;
}

// What only the whole record tells.
void add_config(const Container& container, json& out) {
  out["CIDFile"] = "";
  out["ExposedPorts"] = nullptr;
  if (container.record.config.empty()) return;
  auto config = engine::config_from_json_text(container.record.config);
  if (!config) return;
  out["CIDFile"] = config->cidfile;
  if (config->exposed.empty()) return;
  json exposed = json::object();
  for (const std::string& port : config->exposed) {
    const Cut parts = cut(port, '/');
    exposed[parts.before].push_back(parts.after);
  }
  out["ExposedPorts"] = std::move(exposed);
}

// What both forms have alike.
json common(const Container& container, std::int64_t now) {
  const storage::ContainerRecord& record = container.record;
  const auto& observed = container.observed;
  const bool exited = observed.status == Status::kExited;
  json out = {{"AutoRemove", record.remove_on_exit},
              {"Exited", exited},
              {"ExitedAt", exited && observed.exit ? seconds_or_never(observed.exit->finished_ns) : kNever},
              {"ExitCode", exited && observed.exit ? observed.exit->code : 0},
              {"Id", record.id},
              {"Image", record.image},
              {"IsInfra", false},
              {"Mounts", texts(engine::texts_from_column(record.mounts))},
              {"Namespaces", json::object()},
              {"Pid", observed.state && !exited ? observed.state->pid : 0},
              {"Pod", ""},
              {"PodName", ""},
              {"Restarts", restarts(observed)},
              {"Size", nullptr},
              {"StartedAt", started(container)},
              {"State", engine::monitor::to_string(observed.status)},
              {"Status", status_text(observed, now)}};
  add_config(container, out);
  return out;
}

}  // namespace

json ps_row(const Container& container, bool whole, std::int64_t now, const engine::ContainerSize* size) {
  const storage::ContainerRecord& record = container.record;
  json out = common(container, now);
  const std::string age = age_text(container, now);
  out["ID"] = whole ? record.id : record.id.substr(0, 12);
  out["ImageID"] = whole ? record.image_id : record.image_id.substr(0, 12);
  out["Command"] = command_text(engine::texts_from_column(record.command), whole);
  out["Created"] = go_time(record.created_ns);
  out["CreatedAt"] = out["Created"];
  out["CreatedHuman"] = age;
  out["RunningFor"] = age;
  out["Labels"] = labels_of(container);
  out["Names"] = record.name;
  out["Networks"] = join(engine::texts_from_column(record.networks), ",");
  out["Ports"] = ports_text(port_ranges(engine::ports_of(record)));
  out["Size"] = size == nullptr ? std::string() : size_column(*size);
  return out;
}

json ps_document(const Container& container, std::int64_t now, const engine::ContainerSize* size) {
  const storage::ContainerRecord& record = container.record;
  json out = common(container, now);
  out["ImageID"] = record.image_id;
  out["Command"] = texts(engine::texts_from_column(record.command));
  out["Created"] = record.created_ns / 1'000'000'000;
  out["CreatedAt"] = age_text(container, now);
  json labels = labels_of(container);
  out["Labels"] = labels.empty() ? json() : std::move(labels);
  out["Names"] = json::array({record.name});
  if (size != nullptr) out["Size"] = {{"rootFsSize", size->whole}, {"rwSize", size->written}};
  out["Networks"] = texts(engine::texts_from_column(record.networks));
  json ports = json::array();
  for (const PortRange& range : port_ranges(engine::ports_of(record))) {
    ports.push_back({{"host_ip", range.first.host_ip},
                     {"container_port", range.first.container_port},
                     {"host_port", range.first.host_port},
                     {"range", range.count},
                     {"protocol", range.first.protocol}});
  }
  out["Ports"] = ports.empty() ? json() : std::move(ports);
  return out;
}

}  // namespace creel::cmd
