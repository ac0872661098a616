#include "cmd/system/events.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cmd/container/ps_text.h"
#include "cmd/output/output.h"
#include "engine/event/event.h"
#include "engine/time_filter.h"

namespace creel::cmd {
namespace {

using engine::Event;
using nlohmann::json;

std::string shown_id(const Event& event, bool whole) {
  return whole ? event.id : event.id.substr(0, 12);
}

std::string plain(const Event& event, bool whole) {
  std::string out = go_time(event.time_ns) + " " + event.type + " " + event.status;
  if (event.type == "container") {
    out += " " + shown_id(event, whole) + " (image=" + event.image + ", name=" + event.name;
    if (!event.health.empty()) out += ", health_status=" + event.health;
    for (const auto& [key, value] : event.attributes) out.append(", ").append(key).append("=").append(value);
    return out + ")";
  }
  if (event.type == "volume") return out + " " + event.name;
  if (event.type == "system") return out + (event.name.empty() ? "" : " " + event.name);
  return out + " " + shown_id(event, whole) + (event.name.empty() ? "" : " " + event.name);
}

json document(const Event& event) {
  json out = {{"Name", event.name},        {"Status", event.status},
              {"Type", event.type},        {"time", event.time_ns / 1'000'000'000},
              {"timeNano", event.time_ns}, {"Attributes", event.attributes.empty() ? json() : json(event.attributes)}};
  if (!event.id.empty()) out["ID"] = event.id;
  if (!event.image.empty()) out["Image"] = event.image;
  if (!event.health.empty()) out["health_status"] = event.health;
  if (event.exit_code) out["ContainerExitCode"] = *event.exit_code;
  return out;
}

json row(const Event& event, bool whole) {
  return {{"Type", event.type},
          {"Status", event.status},
          {"ID", shown_id(event, whole)},
          {"Name", event.name},
          {"Image", event.image},
          {"Network", ""},
          {"PodID", ""},
          {"HealthStatus", event.health},
          {"Error", ""},
          {"ContainerInspectData", ""},
          {"ContainerExitCode", event.exit_code.value_or(0)},
          {"Time", go_time(event.time_ns)},
          {"TimeNano", event.time_ns},
          {"Attributes", event.attributes}};
}

}  // namespace

void EventsCommand::declare(Flags& flags) {
  flags.list("-f,--filter", filters_, "key=value", "Show only these: container, event, image, label, type or volume");
  flags.value("--format", format_, "string", "Print JSON, or by a Go template");
  flags.flag("--no-trunc", no_trunc_, "Show whole IDs");
  flags.value("--since", since_, "time", "Show what has happened since this time, too");
  flags.flag("--stream", stream_, "Go on with what happens from now on; =false: show what is there and end");
  flags.value("--until", until_, "time", "Show what happens until this time, and end");
}

Result<int> EventsCommand::run(Context& context) {
  engine::EventQuery query;
  query.filters = filters_;
  query.follow = stream_;
  if (!since_.empty()) {
    TRY_SET(query.since_ns, engine::parse_time_filter(since_));
  }
  if (!until_.empty()) {
    TRY_SET(query.until_ns, engine::parse_time_filter(until_));
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  Result<void> printed;
  TRY(engine::read_events(engine, query, [&](const Event& event) {
    std::string text;
    if (format_.empty()) {
      text = plain(event, no_trunc_);
    } else if (means_json(format_)) {
      text = compact(document(event));
    } else {
      auto rendered = render_template(unescaped(format_), row(event, no_trunc_));
      if (!rendered.ok()) {
        printed = std::move(rendered).error();
        return false;
      }
      text = std::move(*rendered);
    }
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
    return std::ferror(stdout) == 0;
  }));
  TRY(std::move(printed));
  return 0;
}

}  // namespace creel::cmd
