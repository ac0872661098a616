#include "engine/system/prune.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/disk_meter.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/container/create.h"
#include "engine/container/filters.h"
#include "engine/container/state.h"
#include "engine/image/family.h"
#include "engine/image/image.h"
#include "engine/json.h"
#include "engine/time_filter.h"
#include "engine/volume/volume.h"
#include "storage/garbage.h"

namespace creel::engine {

namespace {

using Keys = std::map<std::string, std::vector<std::string>>;

Result<Keys> keys_of(const std::vector<std::string>& filters, const std::vector<std::string>& known) {
  Keys out;
  for (const std::string& text : filters) {
    Cut parts = cut(text, '=');
    if (!parts.found)
      return fail(Code::kInvalid, "invalid argument \"" + text + "\" for filter: must be of the form KEY=VALUE");
    if (std::find(known.begin(), known.end(), parts.before) == known.end())
      return fail(Code::kInvalid, parts.before + " is an invalid filter");
    if (parts.before == "until") TRY(parse_time_filter(parts.after));
    out[parts.before].push_back(std::move(parts.after));
  }
  return out;
}

bool has_label(const std::string& labels, const std::string& wanted) {
  const auto map = text_map_from_column(labels);
  const Cut parts = cut(wanted, '=');
  const auto found = map.find(parts.before);
  return found != map.end() && (!parts.found || found->second == parts.after);
}

Result<bool> volume_matches(storage::Store& store, const storage::VolumeRecord& volume, const std::string& key,
                            const std::string& value) {
  if (key == "label") return has_label(volume.labels, value);
  if (key == "label!") return !has_label(volume.labels, value);
  if (key == "opt") return has_label(volume.options, value);
  if (key == "name") return volume.name.find(value) != std::string::npos;
  if (key == "until") {
    TRY_SET(const std::int64_t limit, parse_time_filter(value));
    return volume.created_ns < limit;
  }
  if (key == "after" || key == "since") {
    TRY_SET(const auto other, store.volume(value));
    if (!other) return fail(Code::kNotFound, "no volume with name \"" + value + "\" found: no such volume");
    return volume.created_ns > other->created_ns;
  }
  if (key == "dangling") return value == "true" || value == "1";
  // There is one driver, and one host.
  return value == "local";
}

Result<bool> volume_matches(storage::Store& store, const storage::VolumeRecord& volume, const Keys& keys) {
  for (const auto& [key, values] : keys) {
    for (const std::string& value : values) {
      TRY_SET(const bool matches, volume_matches(store, volume, key, value));
      if (!matches) return false;
    }
  }
  return true;
}

Result<std::int64_t> blocks_of(const std::string& directory, const std::string& name) {
  auto dir = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (!dir.ok()) return dir.error().err == ENOENT ? Result<std::int64_t>(0) : std::move(dir).error();
  TRY_SET(const DiskUse use, DiskMeter().measure(dir->get(), name));
  return use.blocks;
}

bool is_no_error(const Error& error) {
  // Or another is removing it at the same time.
  return error.code == Code::kInUse || error.code == Code::kExists || error.code == Code::kNotFound || error.err == ENOTEMPTY;
}

}  // namespace

Result<Pruned> prune_containers(Engine& engine, const std::vector<std::string>& filters) {
  Pruned out;
  TRY(keys_of(filters, {"label", "label!", "until"}));
  ListOptions everything;
  everything.all = true;
  everything.filters = filters;
  TRY_SET(const std::vector<Container> containers, list(engine, everything));
  for (const Container& container : containers) {
    if (is_active(container.observed) || is_claimed(engine, container.record)) continue;
    const std::string& id = container.record.id;
    TRY_SET(const std::int64_t bytes, blocks_of(engine.paths().containers(), id));
    auto removed = remove(engine, id, RemoveOptions{});
    if (removed.ok()) {
      out.removed.push_back(id);
      out.bytes += bytes;
    } else if (!is_no_error(removed.error())) {
      out.errors.push_back(std::move(removed).error());
    }
  }
  return out;
}

Result<Pruned> prune_volumes(Engine& engine, const std::vector<std::string>& filters) {
  Pruned out;
  TRY_SET(const std::vector<std::string> names, unused_volumes(engine, filters));
  for (const std::string& name : names) {
    TRY_SET(const std::int64_t bytes, blocks_of(engine.paths().volumes(), name));
    auto removed = remove_volume(engine, name);
    if (removed.ok()) {
      out.removed.push_back(name);
      out.bytes += bytes;
    } else if (!is_no_error(removed.error())) {
      out.errors.push_back(std::move(removed).error());
    }
  }
  return out;
}

Result<std::vector<std::string>> unused_volumes(Engine& engine, const std::vector<std::string>& filters) {
  TRY_SET(const Keys keys, keys_of(filters, {"dangling", "driver", "label", "label!", "name", "opt", "scope", "until",
                                             "after", "since"}));
  std::vector<std::string> out;
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const std::vector<storage::VolumeRecord> volumes, store->volumes());
  for (const storage::VolumeRecord& volume : volumes) {
    TRY_SET(const std::vector<std::string> users, store->volume_users(volume.name));
    if (!users.empty()) continue;
    TRY_SET(const bool wanted, volume_matches(*store, volume, keys));
    if (wanted) out.push_back(volume.name);
  }
  return out;
}

Result<Pruned> prune_images(Engine& engine, bool all, const std::vector<std::string>& filters) {
  Pruned out;
  ImageListOptions wanted;
  wanted.all = true;
  wanted.filters = filters;
  if (!all) wanted.filters.emplace_back("dangling=true");
  TRY_SET(storage::Store * store, engine.store());
  // What has lost the last one that stood on it is dangling then.
  for (bool more = true; more;) {
    more = false;
    TRY_SET(const std::vector<storage::ImageRecord> images, list_images(engine, wanted));
    TRY_SET(const std::vector<storage::ImageRecord> everything, store->images());
    const ImageFamily family(everything);
    for (const storage::ImageRecord& image : images) {
      // Carries an image with a name: it is kept with it.
      if (!all && !family.descendants(image).empty()) continue;
      TRY_SET(store, engine.store(storage::Store::Access::kWrite));
      auto removed = store->remove_image(image.id);
      if (removed.ok()) {
        out.removed.push_back(image.id);
        more = true;
      } else if (!is_no_error(removed.error())) {
        out.errors.push_back(std::move(removed).error());
      }
    }
  }
  if (!out.removed.empty()) {
    TRY_SET(out.bytes, store->collect_garbage());
  }
  return out;
}

Result<std::int64_t> prune_leftovers(Engine& engine) {
  if (!path_exists(engine.paths().marker())) return 0;
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  return storage::collect_garbage(*store, {.parts = true});
}

}  // namespace creel::engine
