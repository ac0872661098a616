#include "engine/container/filters.h"

#include <regex.h>

#include <algorithm>

#include "base/text.h"
#include "engine/container/state.h"
#include "engine/health/health.h"
#include "engine/image/image.h"
#include "engine/json.h"
#include "engine/time_filter.h"

namespace creel::engine {

namespace {

const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> keys = {"id",
                                                "name",
                                                "label",
                                                "label!",
                                                "exited",
                                                "status",
                                                "ancestor",
                                                "before",
                                                "since",
                                                "volume",
                                                "health",
                                                "pod",
                                                "network",
                                                "until",
                                                "command",
                                                "restart-policy",
                                                "should-start-on-boot"};
  return keys;
}

bool label_matches(const Container& container, const std::string& value) {
  const auto labels = text_map_from_column(container.record.labels);
  const Cut wanted = cut(value, '=');
  auto it = labels.find(wanted.before);
  return it != labels.end() && (!wanted.found || it->second == wanted.after);
}

bool ancestor_matches(const Container& container, const std::string& value) {
  const storage::ContainerRecord& record = container.record;
  std::string id = value.rfind("sha256:", 0) == 0 ? value.substr(7) : value;
  if (id.size() >= 3 && id.find_first_not_of("0123456789abcdef") == std::string::npos &&
      record.image_id.rfind(id, 0) == 0)
    return true;
  if (record.image == value) return true;
  auto wanted = parse_reference(value);
  auto has = parse_reference(record.image);
  if (!wanted.ok() || !has.ok()) return false;
  const bool tagged = cut(value.substr(value.rfind('/') + 1), ':').found;
  auto last = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
  const bool same_path = value.find('/') == std::string::npos ? last(has->path) == last(wanted->path)
                                                              : has->repository() == wanted->repository();
  return same_path && (!tagged || has->tag == wanted->tag);
}

Result<bool> status_matches(const Container& container, const std::string& value) {
  const std::string status = monitor::to_string(container.observed.status);
  if (value == "configured") return status == "created";
  if (value == "stopped" || value == "dead") return value == "stopped" && status == "exited";
  for (const char* known :
       {"created", "initialized", "running", "paused", "exited", "unknown", "stopping", "removing", "restarting"}) {
    if (value == known) return status == value;
  }
  return fail(Code::kInvalid, "\"" + value + "\" is not a valid container state: invalid argument");
}

// The list leaves it out.
Result<ContainerConfig> whole_config(Engine& engine, const storage::ContainerRecord& record) {
  TRY_SET(const storage::ContainerRecord whole, find_record(engine, record.id));
  return config_of(whole);
}

Result<bool> one(Engine& engine, const Container& container, const std::string& key, const std::string& value) {
  const storage::ContainerRecord& record = container.record;
  if (key == "id") return found_in(record.id, value.rfind('^', 0) == 0 ? value : "^" + value);
  if (key == "name") return found_in(record.name, value);
  if (key == "label") return label_matches(container, value);
  if (key == "label!") return !label_matches(container, value);
  if (key == "status") return status_matches(container, value);
  if (key == "ancestor") return ancestor_matches(container, value);
  if (key == "exited") {
    TRY_SET(std::int64_t code, parse_int(value, "filter exited"));
    return container.observed.status == monitor::Status::kExited && container.observed.exit &&
           container.observed.exit->code == code;
  }
  if (key == "before" || key == "since") {
    TRY_SET(storage::ContainerRecord other, find_record(engine, value));
    return key == "before" ? record.created_ns < other.created_ns : record.created_ns > other.created_ns;
  }
  if (key == "until") {
    TRY_SET(std::int64_t limit, parse_time_filter(value));
    return record.created_ns < limit;
  }
  if (key == "command") {
    const auto words = texts_from_column(record.command);
    return !words.empty() && found_in(words.front(), value);
  }
  if (key == "volume") {
    const auto destinations = texts_from_column(record.mounts);
    if (std::find(destinations.begin(), destinations.end(), value) != destinations.end()) return true;
    TRY_SET(storage::Store * store, engine.store());
    TRY_SET(auto names, store->container_volumes(record.id));
    return std::find(names.begin(), names.end(), value) != names.end();
  }
  if (key == "network") {
    TRY_SET(const ContainerConfig config, whole_config(engine, record));
    return config.network == value || cut(config.network, ':').before == value;
  }
  if (key == "health") {
    const std::string health = monitor::to_string(container.observed.health);
    return value == (health.empty() ? "none" : health);
  }
  if (key == "restart-policy") {
    TRY_SET(const ContainerConfig config, whole_config(engine, record));
    return value == (config.restart.restarts() ? config.restart.policy : "no") || (value == "none" && !config.restart.restarts());
  }
  if (key == "should-start-on-boot") {
    TRY_SET(const ContainerConfig config, whole_config(engine, record));
    return value == (starts_on_boot(engine, config) ? "true" : "false");
  }
  return false;
}

}  // namespace

bool found_in(const std::string& text, const std::string& pattern) {
  regex_t expression;
  if (regcomp(&expression, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0)
    return text.find(pattern) != std::string::npos;
  const bool found = regexec(&expression, text.c_str(), 0, nullptr, 0) == 0;
  regfree(&expression);
  return found;
}

Result<Filters> parse_container_filters(const std::vector<std::string>& texts) {
  Filters out;
  for (const std::string& text : texts) {
    Cut parts = cut(text, '=');
    if (!parts.found)
      return fail(Code::kInvalid, "invalid argument \"" + text + "\" for filter: must be of the form KEY=VALUE");
    const auto& keys = known_keys();
    if (std::find(keys.begin(), keys.end(), parts.before) == keys.end()) {
      Error error = fail(Code::kInvalid, parts.before + " is an invalid filter");
      if (std::string near = closest(parts.before, keys); !near.empty()) error.hint = "Did you mean \"" + near + "\"?";
      return error;
    }
    out[parts.before].push_back(std::move(parts.after));
  }
  for (const std::string& value : out["status"]) TRY(status_matches(Container(), value));
  if (out["status"].empty()) out.erase("status");
  if (auto it = out.find("exited"); it != out.end()) {
    for (const std::string& value : it->second) TRY(parse_int(value, "filter exited"));
  }
  if (auto it = out.find("until"); it != out.end()) {
    for (const std::string& value : it->second) TRY(parse_time_filter(value));
  }
  return out;
}

Result<bool> matches(Engine& engine, const Container& container, const Filters& filters) {
  for (const auto& [key, values] : filters) {
    const bool all = key == "label" || key == "label!";
    bool result = all;
    for (const std::string& value : values) {
      TRY_SET(bool this_one, one(engine, container, key, value));
      result = all ? (result && this_one) : (result || this_one);
    }
    if (!result) return false;
  }
  return true;
}

}  // namespace creel::engine
