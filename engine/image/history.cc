#include "engine/image/history.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/image/family.h"
#include "engine/image/image.h"
#include "engine/json.h"

namespace creel::engine {

using nlohmann::json;
using storage::ImageRecord;

Result<std::vector<HistoryStep>> image_history(Engine& engine, const std::string& name, const std::string& platform) {
  TRY_SET(const ImageRecord image, find_image_of(engine, name, platform));
  TRY_SET(const json document, parse_json(image.config, "image configuration"));
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const std::vector<ImageRecord> images, store->images());
  const ImageFamily family(images);
  std::vector<HistoryStep> out;
  std::size_t layers = 0;
  const json& steps = member(document, "history");
  for (const json& step : steps.is_array() ? steps : json::array()) {
    HistoryStep entry;
    entry.id = "<missing>";
    if (auto created = parse_rfc3339(text_of(step, "created")); created.ok()) entry.created_ns = *created;
    entry.created_by = text_of(step, "created_by");
    entry.comment = text_of(step, "comment");
    // The configuration is hostile: it may tell of more layers than there are.
    if (!bool_of(step, "empty_layer") && layers < image.diff_ids.size()) {
      TRY_SET(const auto layer, store->layer(image.diff_ids[layers]));
      ++layers;
      if (layer) entry.size = layer->size;
      for (const ImageRecord* other : family.topped(image, layers)) {
        if (!stands_on(image, *other)) continue;
        entry.id = other->id;
        entry.tags.insert(entry.tags.end(), other->names.begin(), other->names.end());
      }
    }
    out.push_back(std::move(entry));
  }
  if (!out.empty()) {
    out.back().id = image.id;
    out.back().tags = image.names;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace creel::engine
