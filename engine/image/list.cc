#include <fnmatch.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "engine/image/image.h"
#include "engine/image/image_config.h"
#include "engine/time_filter.h"

namespace creel::engine {

namespace {

using storage::ImageRecord;

bool name_matches(const ImageRecord& image, const std::string& pattern) {
  auto matches = [&](const std::string& name) {
    // "busybox", "library/busybox", "busybox:1*", "*/busybox": the pattern is tried at each path boundary, with and
    // without tag.
    std::vector<std::string> forms{name};
    std::size_t colon = name.rfind(':');
    std::size_t slash = name.rfind('/');
    const bool pattern_has_tag = cut(pattern.substr(pattern.rfind('/') + 1), ':').found;
    if (!pattern_has_tag && colon != std::string::npos && (slash == std::string::npos || colon > slash)) {
      forms.push_back(name.substr(0, colon));
    }
    for (const std::string& form : forms) {
      for (std::size_t at = 0;;) {
        if (fnmatch(pattern.c_str(), form.c_str() + at, 0) == 0) return true;
        at = form.find('/', at);
        if (at == std::string::npos) break;
        ++at;
      }
    }
    return false;
  };
  return std::any_of(image.names.begin(), image.names.end(), matches) ||
         std::any_of(image.digests.begin(), image.digests.end(), matches);
}

Result<bool> parse_bool(const std::string& text, const std::string& key) {
  if (text == "true" || text == "1" || text == "t") return true;
  if (text == "false" || text == "0" || text == "f") return false;
  return fail(Code::kInvalid, "invalid value \"" + text + "\" of the " + key + " filter: must be true or false");
}

Result<bool> keep(Engine& engine, const ImageRecord& image, const std::string& key, const std::string& value) {
  if (key == "dangling") {
    TRY_SET(bool wanted, parse_bool(value, key));
    return image.names.empty() == wanted;
  }
  if (key == "reference") return name_matches(image, value);
  if (key == "id") return image.id.rfind(value.rfind("sha256:", 0) == 0 ? value.substr(7) : value, 0) == 0;
  if (key == "digest") return image.manifest.text().rfind(value, 0) == 0 || image.manifest.hex().rfind(value, 0) == 0;
  if (key == "label" || key == "label!") {
    TRY_SET(ImageConfig config, parse_image_config(image.config));
    const Cut wanted = cut(value, '=');
    auto it = config.labels.find(wanted.before);
    const bool has = it != config.labels.end() && (!wanted.found || it->second == wanted.after);
    return has == (key == "label");
  }
  if (key == "before" || key == "since" || key == "after") {
    TRY_SET(ImageRecord other, find_image(engine, value));
    return key == "before" ? image.created_ns < other.created_ns : image.created_ns > other.created_ns;
  }
  if (key == "until") {
    TRY_SET(std::int64_t limit, parse_time_filter(value));
    return image.created_ns < limit;
  }
  if (key == "containers") {
    TRY_SET(bool wanted, parse_bool(value, key));
    TRY_SET(storage::Store * store, engine.store());
    TRY_SET(auto containers, store->containers());
    const bool used =
        std::any_of(containers.begin(), containers.end(), [&](const auto& c) { return c.image_id == image.id; });
    return used == wanted;
  }
  // No image of this store is read-only, a manifest list, or an intermediate of a build.
  if (key == "readonly" || key == "manifest" || key == "intermediate") {
    TRY_SET(bool wanted, parse_bool(value, key));
    return !wanted;
  }
  return fail(Code::kInvalid, "unsupported image filter: " + key);
}

}  // namespace

Result<std::vector<ImageRecord>> list_images(Engine& engine, const ImageListOptions& options) {
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(std::vector<ImageRecord> images, store->images());
  std::vector<std::string> filters = options.filters;
  // Different keys must all match; of one key, any value (label and "label!": all).
  std::map<std::string, std::vector<std::string>> by_key;
  for (const std::string& filter : filters) {
    Cut parts = cut(filter, '=');
    if (!parts.found) return fail(Code::kInvalid, "invalid filter \"" + filter + "\": must be of the form KEY=VALUE");
    if (parts.before == "label!" || (!parts.before.empty() && parts.before.back() == '!')) {
      by_key["label!"].push_back(parts.after);
    } else {
      by_key[parts.before].push_back(parts.after);
    }
  }
  if (!options.reference.empty()) {
    auto exact = find_image(engine, options.reference);
    if (exact.ok()) {
      std::erase_if(images, [&](const ImageRecord& image) { return image.id != exact->id; });
    } else {
      std::erase_if(images, [&](const ImageRecord& image) { return !name_matches(image, options.reference); });
    }
  }
  std::vector<ImageRecord> out;
  for (ImageRecord& image : images) {
    bool wanted = true;
    for (const auto& [key, values] : by_key) {
      const bool all = key == "label" || key == "label!";
      bool result = all;
      for (const std::string& value : values) {
        TRY_SET(bool one, keep(engine, image, key, value));
        result = all ? (result && one) : (result || one);
      }
      wanted = wanted && result;
    }
    if (wanted) out.push_back(std::move(image));
  }
  if (images.empty()) {  // unknown keys are errors even where there is nothing to filter
    for (const auto& [key, values] : by_key) {
      for (const std::string& value : values) {
        if (key == "before" || key == "since" || key == "after") continue;
        TRY(keep(engine, ImageRecord{.config = "{}"}, key, value));
      }
    }
  }
  return out;
}

}  // namespace creel::engine
