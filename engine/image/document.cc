#include "engine/image/document.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/image/image_config.h"
#include "engine/json.h"

namespace creel::engine {

using nlohmann::json;

Result<json> image_document(const std::string& config_text, const std::string& manifest_text) {
  TRY_SET(const json document, parse_json(config_text, "image configuration"));
  TRY_SET(const ImageConfig config, parse_image_config(config_text));
  json out = json::object();
  out["Comment"] = config.comment;
  const json& section = member(document, "config");
  out["Config"] = section.is_object() ? section : json::object();
  out["Version"] = text_of(document, "docker_version");
  out["Author"] = config.author;
  out["Created"] = format_rfc3339(config.created_ns);
  out["Architecture"] = config.architecture;
  out["Os"] = config.os;
  out["Labels"] = config.labels.empty() ? json(nullptr) : json(config.labels);
  out["User"] = config.user;
  const json& history = member(document, "history");
  out["History"] = history.is_array() ? history : json::array();
  if (const json& health = member(section, "Healthcheck"); health.is_object()) out["Healthcheck"] = health;

  const json manifest = json::parse(manifest_text, nullptr, false);
  std::string media_type = text_of(manifest, "mediaType");
  if (media_type.empty()) media_type = "application/vnd.oci.image.manifest.v1+json";
  out["ManifestType"] = media_type;
  out["Annotations"] = text_map_of(manifest, "annotations");
  return out;
}

}  // namespace creel::engine
