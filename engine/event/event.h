// Events: what happened to containers, volumes and secrets, and who asks to know it.
// Whoever does something appends a line to <runtime>/events/log (one write with O_APPEND, so that lines never mix); the end of
// a container its monitor writes. The log is bounded: at 1 MiB it becomes log.1. Nobody fails because an event could not be
// written. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/config.h"
#include "engine/engine.h"

namespace creel::engine {

struct Event {
  std::string type;    // "container", "image", "volume", "secret", "system"
  std::string status;  // "create", "start", "died", …
  std::string id, name, image;
  std::int64_t time_ns = 0;
  std::optional<int> exit_code;
  std::string health;  // of health_status: "healthy"
  std::map<std::string, std::string> attributes;  // a container's labels
};

// In order, in one write.
void record_events(Engine& engine, const std::vector<Event>& events);
void record_container(Engine& engine, const storage::ContainerRecord& record, const std::string& status, std::optional<int> exit_code = {});
void record_container(Engine& engine, const ContainerConfig& config, const std::vector<std::string>& statuses);
// What the monitor puts before `"Status":"died",…}`.
std::string event_head(const ContainerConfig& config);

struct EventQuery {
  std::optional<std::int64_t> since_ns, until_ns;
  std::vector<std::string> filters;  // container, event, image, label, pod, status, type, volume: KEY=VALUE
  bool follow = true;                // without since: only what is still to come
};
// Until `event` says false, until `until_ns`, or without `follow` until all has been told. kInvalid: a filter.
Result<void> read_events(Engine& engine, const EventQuery& query, const std::function<bool(const Event&)>& event);

}  // namespace creel::engine
