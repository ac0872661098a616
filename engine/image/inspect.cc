#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/document.h"
#include "engine/image/family.h"
#include "engine/image/image.h"

namespace creel::engine {

using nlohmann::json;

Result<json> inspect_image(Engine& engine, const std::string& name, const std::string& platform) {
  TRY_SET(storage::ImageRecord image, find_image_of(engine, name, platform));
  TRY_SET(storage::Store * store, engine.store());

  std::string manifest;
  if (auto blob = store->open_blob(image.manifest); blob.ok()) {
    if (auto text = read_all(blob->get(), 4 << 20); text.ok()) manifest = std::move(*text);
  }
  TRY_SET(json out, image_document(image.config, manifest));
  out["Id"] = image.id;
  out["Digest"] = image.manifest.text();
  out["RepoTags"] = image.names;
  out["RepoDigests"] = image.digests;
  TRY_SET(const std::vector<storage::ImageRecord> images, store->images());
  const storage::ImageRecord* parent = ImageFamily(images).parent(image);
  out["Parent"] = parent == nullptr ? "" : parent->id;
  out["Size"] = image.size;
  out["VirtualSize"] = image.size;
  json lower = json::array();
  for (auto layer = image.diff_ids.rbegin(); layer != image.diff_ids.rend(); ++layer) {
    lower.push_back(engine.paths().layer(layer->hex()));
  }
  json data = json::object();
  if (!lower.empty()) data["UpperDir"] = lower[0];
  if (lower.size() > 1) {
    std::string joined;
    for (std::size_t i = 1; i < lower.size(); ++i) joined += (i > 1 ? ":" : "") + lower[i].get<std::string>();
    data["LowerDir"] = joined;
  }
  out["GraphDriver"] = {{"Name", "overlay"}, {"Data", data}};
  json layers = json::array();
  for (const Digest& layer : image.diff_ids) layers.push_back(layer.text());
  out["RootFS"] = {{"Type", "layers"}, {"Layers", layers}};
  out["NamesHistory"] = image.names;
  return out;
}

}  // namespace creel::engine
