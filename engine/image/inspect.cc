#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/family.h"
#include "engine/image/image.h"
#include "engine/image/image_config.h"
#include "engine/json.h"

namespace creel::engine {

using nlohmann::json;

Result<json> inspect_image(Engine& engine, const std::string& name, const std::string& platform) {
  TRY_SET(storage::ImageRecord image, find_image_of(engine, name, platform));
  TRY_SET(const json document, parse_json(image.config, "image configuration"));
  TRY_SET(ImageConfig config, parse_image_config(image.config));
  TRY_SET(storage::Store * store, engine.store());

  json out = json::object();
  out["Id"] = image.id;
  out["Digest"] = image.manifest.text();
  out["RepoTags"] = image.names;
  out["RepoDigests"] = image.digests;
  TRY_SET(const std::vector<storage::ImageRecord> images, store->images());
  const storage::ImageRecord* parent = ImageFamily(images).parent(image);
  out["Parent"] = parent == nullptr ? "" : parent->id;
  out["Comment"] = config.comment;
  out["Created"] = format_rfc3339(image.created_ns);
  const json& section = member(document, "config");
  out["Config"] = section.is_object() ? section : json::object();
  out["Version"] = text_of(document, "docker_version");
  out["Author"] = config.author;
  out["Architecture"] = config.architecture;
  out["Os"] = config.os;
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
  out["Labels"] = config.labels.empty() ? json(nullptr) : json(config.labels);
  json annotations = json::object();
  std::string media_type = "application/vnd.oci.image.manifest.v1+json";
  if (auto blob = store->open_blob(image.manifest); blob.ok()) {
    if (auto text = read_all(blob->get(), 4 << 20); text.ok()) {
      const json manifest = json::parse(*text, nullptr, false);
      if (std::string type = text_of(manifest, "mediaType"); !type.empty()) media_type = type;
      annotations = text_map_of(manifest, "annotations");
    }
  }
  if (annotations.is_null()) annotations = json::object();
  out["Annotations"] = annotations;
  out["ManifestType"] = media_type;
  out["User"] = config.user;
  const json& history = member(document, "history");
  out["History"] = history.is_array() ? history : json::array();
  out["NamesHistory"] = image.names;
  if (const json& health = member(section, "Healthcheck"); health.is_object()) out["Healthcheck"] = health;
  return out;
}

}  // namespace creel::engine
