// `volume ls`: the records that filters let through, and a record as Podman shows it.
#include <fcntl.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/filters.h"
#include "engine/json.h"
#include "engine/time_filter.h"
#include "engine/volume/volume.h"

namespace creel::engine {

namespace {

using nlohmann::json;
using storage::VolumeRecord;

constexpr const char* kDriver = "local";
constexpr const char* kScope = "local";

bool pair_in(const std::string& column, const std::string& wanted) {
  const auto pairs = text_map_from_column(column);
  const Cut parts = cut(wanted, '=');
  const auto it = pairs.find(parts.before);
  return it != pairs.end() && (!parts.found || it->second == parts.after);
}

Result<bool> dangling_matches(storage::Store& store, const VolumeRecord& volume, const std::string& value) {
  const bool yes = value == "true" || value == "1" || value == "True" || value == "t";
  const bool no = value == "false" || value == "0" || value == "False" || value == "f";
  if (!yes && !no) {
    return fail(Code::kInvalid,
                "\"" + value + "\" is not a valid value for the \"dangling\" filter - must be true or false");
  }
  TRY_SET(const auto users, store.volume_users(volume.name));
  return users.empty() == yes;
}

Result<bool> one(Engine& engine, storage::Store& store, const VolumeRecord& volume, const std::string& key,
                 const std::string& value) {
  if (key == "name") return found_in(volume.name, value);
  if (key == "driver") return value == kDriver;
  if (key == "scope") return value == kScope;
  if (key == "label") return pair_in(volume.labels, value);
  if (key == "label!") return !pair_in(volume.labels, value);
  if (key == "opt") return pair_in(volume.options, value);
  if (key == "dangling") return dangling_matches(store, volume, value);
  if (key == "until") {
    TRY_SET(const std::int64_t limit, parse_time_filter(value));
    return volume.created_ns < limit;
  }
  TRY_SET(const VolumeRecord other, find_volume(engine, value));
  return volume.created_ns > other.created_ns;
}

Result<Filters> parse_filters(const std::vector<std::string>& texts) {
  static const std::vector<std::string> kKeys = {"dangling", "driver", "label", "label!", "name",
                                                 "opt",      "scope",  "until", "since",  "after"};
  Filters out;
  for (const std::string& text : texts) {
    Cut parts = cut(text, '=');
    // "label!=x" is the key "label!".
    if (!parts.found) return fail(Code::kInvalid, "invalid filter \"" + text + "\": must be of the form KEY=VALUE");
    if (std::find(kKeys.begin(), kKeys.end(), parts.before) == kKeys.end()) {
      Error error = fail(Code::kInvalid, "\"" + parts.before + "\" is an invalid volume filter");
      if (std::string near = closest(parts.before, kKeys); !near.empty()) error.hint = "Did you mean \"" + near + "\"?";
      return error;
    }
    out[parts.before].push_back(std::move(parts.after));
  }
  return out;
}

Result<bool> matches(Engine& engine, storage::Store& store, const VolumeRecord& volume, const Filters& filters) {
  for (const auto& [key, values] : filters) {
    const bool all = key == "label" || key == "label!";
    bool result = all;
    for (const std::string& value : values) {
      TRY_SET(const bool this_one, one(engine, store, volume, key, value));
      result = all ? result && this_one : result || this_one;
    }
    if (!result) return false;
  }
  return true;
}

// What the first container that uses it will fill from its image.
bool is_empty(Engine& engine, const VolumeRecord& volume) {
  auto names = list_dir(engine.paths().volume_data(volume.name));
  return names.ok() ? names->empty() : names.error().err == ENOENT;
}

}  // namespace

Result<std::vector<VolumeRecord>> list_volumes(Engine& engine, const std::vector<std::string>& filters) {
  TRY_SET(const Filters parsed, parse_filters(filters));
  // A value that no volume can have is an error with none there, too.
  for (const auto& [key, values] : parsed) {
    for (const std::string& value : values) {
      if (key == "until") TRY(parse_time_filter(value));
      if (key == "since" || key == "after") TRY(find_volume(engine, value));
    }
  }
  TRY_SET(storage::Store * store, engine.store());
  if (const auto dangling = parsed.find("dangling"); dangling != parsed.end()) {
    for (const std::string& value : dangling->second) TRY(dangling_matches(*store, {}, value));
  }
  TRY_SET(std::vector<VolumeRecord> all, store->volumes());
  std::vector<VolumeRecord> out;
  for (VolumeRecord& volume : all) {
    TRY_SET(const bool wanted, matches(engine, *store, volume, parsed));
    if (wanted) out.push_back(std::move(volume));
  }
  return out;
}

json volume_document(Engine& engine, const VolumeRecord& volume) {
  const VolumeOptions options = text_map_from_column(volume.options);
  json out = {{"Name", volume.name},
              {"Driver", kDriver},
              {"Mountpoint", engine.paths().volume_data(volume.name)},
              {"CreatedAt", format_rfc3339(volume.created_ns)},
              {"Labels", text_map_from_column(volume.labels)},
              {"Scope", kScope},
              {"Options", options},
              {"MountCount", 0},
              {"LockNumber", 0}};
  if (volume.anonymous) out["Anonymous"] = true;
  for (const char* key : {"UID", "GID"}) {
    if (const auto id = options.find(key); id != options.end())
      out[key] = parse_int(id->second, key).ok() ? *parse_int(id->second, key) : 0;
  }
  if (is_empty(engine, volume)) {
    out["NeedsCopyUp"] = true;
    if (!options.contains("UID") && !options.contains("GID")) out["NeedsChown"] = true;
  }
  return out;
}

}  // namespace creel::engine
