#include <fnmatch.h>

#include <algorithm>
#include <functional>
#include <map>
#include <unordered_set>

#include "base/text.h"
#include "engine/image/family.h"
#include "engine/image/image.h"
#include "engine/image/image_config.h"
#include "engine/time_filter.h"

namespace creel::engine {

namespace {

using storage::ImageRecord;

bool name_matches(const ImageRecord& image, const std::string& pattern) {
  const bool pattern_has_tag = cut(pattern.substr(pattern.rfind('/') + 1), ':').found;
  auto matches = [&](const std::string& name) {
    // "busybox", "library/busybox", "busybox:1*", "*/busybox": the pattern is tried at each path boundary, with and
    // without tag.
    std::vector<std::string> forms{name};
    std::size_t colon = name.rfind(':');
    std::size_t slash = name.rfind('/');
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
  if (text == "true" || text == "True" || text == "TRUE" || text == "1" || text == "t" || text == "T") return true;
  if (text == "false" || text == "False" || text == "FALSE" || text == "0" || text == "f" || text == "F") return false;
  return fail(Code::kInvalid, "non-boolean value \"" + text + "\" for " + key + " filter");
}

using Test = std::function<bool(const ImageRecord&)>;
using Ids = std::unordered_set<std::string>;

bool is_nameless(const ImageRecord& image) {
  return image.names.empty();
}

// What carries other images and has no name of its own.
Ids intermediates(const std::vector<ImageRecord>& images) {
  Ids out;
  if (std::none_of(images.begin(), images.end(), is_nameless)) return out;
  const ImageFamily family(images);
  for (const ImageRecord& image : images) {
    if (image.names.empty() && !is_list(image) && !family.descendants(image).empty()) out.insert(image.id);
  }
  return out;
}

bool has_label(const ImageRecord& image, const std::string& wanted) {
  if (is_list(image)) return false;
  const auto config = parse_image_config(image.config);
  if (!config.ok()) return false;
  const Cut parts = cut(wanted, '=');
  const auto it = config->labels.find(parts.before);
  return it != config->labels.end() && (!parts.found || it->second == parts.after);
}

Result<Test> compile(Engine& engine, const std::vector<ImageRecord>& images, const std::string& key,
                     const std::string& value) {
  if (key == "reference") return Test([value](const ImageRecord& image) { return name_matches(image, value); });
  if (key == "label") return Test([value](const ImageRecord& image) { return has_label(image, value); });
  if (key == "id") {
    const std::string prefix = value.rfind("sha256:", 0) == 0 ? value.substr(7) : value;
    return Test([prefix](const ImageRecord& image) { return image.id.rfind(prefix, 0) == 0; });
  }
  if (key == "digest") {
    const std::string prefix = value.rfind("sha256:", 0) == 0 ? value.substr(7) : value;
    return Test([prefix](const ImageRecord& image) { return image.manifest.hex().rfind(prefix, 0) == 0; });
  }
  if (key == "before" || key == "since" || key == "after") {
    auto other = find_image(engine, value);
    if (!other.ok()) {
      return std::move(other).error().within("could not find local image for filter \"" + key + "\"=\"" + value + "\"");
    }
    const std::int64_t limit = other->created_ns;
    const bool before = key == "before";
    return Test([=](const ImageRecord& image) { return before ? image.created_ns < limit : image.created_ns > limit; });
  }
  if (key == "until") {
    TRY_SET(const std::int64_t limit, parse_time_filter(value));
    return Test([limit](const ImageRecord& image) { return image.created_ns < limit; });
  }
  if (key == "containers" && value == "external") {
    // Containers of other tools: this store has none.
    return Test([](const ImageRecord&) { return false; });
  }
  if (key == "dangling" || key == "containers" || key == "readonly" || key == "manifest" || key == "intermediate") {
    TRY_SET(const bool wanted, parse_bool(value, key));
    if (key == "dangling") return Test([wanted](const ImageRecord& image) { return image.names.empty() == wanted; });
    if (key == "manifest") return Test([wanted](const ImageRecord& image) { return is_list(image) == wanted; });
    // No image of this store is read-only.
    if (key == "readonly") return Test([wanted](const ImageRecord&) { return !wanted; });
    Ids those;
    if (key == "intermediate") {
      those = intermediates(images);
    } else {
      TRY_SET(storage::Store * store, engine.store());
      TRY_SET(const auto containers, store->containers());
      for (const auto& container : containers) those.insert(container.image_id);
    }
    return Test([those, wanted](const ImageRecord& image) { return those.contains(image.id) == wanted; });
  }
  return fail(Code::kInvalid, "unsupported image filter \"" + key + "\"");
}

struct Tests {
  std::vector<Test> all;                         // each must hold
  std::map<std::string, std::vector<Test>> any;  // of each key, one must hold
  [[nodiscard]] bool hold(const ImageRecord& image) const {
    return std::all_of(all.begin(), all.end(), [&](const Test& test) { return test(image); }) &&
           std::all_of(any.begin(), any.end(), [&](const auto& of_key) {
             return std::any_of(of_key.second.begin(), of_key.second.end(),
                                [&](const Test& test) { return test(image); });
           });
  }
};

}  // namespace

Result<std::vector<ImageRecord>> list_images(Engine& engine, const ImageListOptions& options) {
  TRY_SET(storage::Store * store, engine.store());
  bool hide_intermediates = !options.all && options.reference.empty();
  const bool shown = options.shown && options.filters.empty() && options.reference.empty();
  TRY_SET(std::vector<ImageRecord> images,
          store->images(shown ? storage::Store::ImageParts::kShown : storage::Store::ImageParts::kAll));
  // Whether one without a name carries others, its layers tell.
  if (shown && hide_intermediates && std::any_of(images.begin(), images.end(), is_nameless)) {
    TRY_SET(images, store->images());
  }
  Tests tests;
  for (const std::string& filter : options.filters) {
    Cut parts = cut(filter, '=');
    if (!parts.found) {
      return fail(Code::kInvalid,
                  "invalid image filter \"" + filter + "\": must be in the format \"filter=value or filter!=value\"");
    }
    const bool negated = parts.before.ends_with('!');
    if (negated) parts.before.pop_back();
    TRY_SET(Test test, compile(engine, images, parts.before, parts.after));
    if (parts.before == "intermediate" || parts.before == "dangling") hide_intermediates = false;
    if (negated) {
      tests.all.emplace_back([test](const ImageRecord& image) { return !test(image); });
    } else if (parts.before == "label") {
      tests.all.push_back(std::move(test));
    } else {
      tests.any[parts.before].push_back(std::move(test));
    }
  }
  if (hide_intermediates) {
    if (Ids those = intermediates(images); !those.empty()) {
      tests.all.emplace_back([those](const ImageRecord& image) { return !those.contains(image.id); });
    }
  }
  if (!options.reference.empty()) {
    const auto exact = find_image(engine, options.reference);
    if (exact.ok()) {
      tests.all.emplace_back([id = exact->id](const ImageRecord& image) { return image.id == id; });
    } else {
      tests.all.emplace_back([&](const ImageRecord& image) { return name_matches(image, options.reference); });
    }
  }
  std::erase_if(images, [&](const ImageRecord& image) { return !tests.hold(image); });
  return images;
}

}  // namespace creel::engine
