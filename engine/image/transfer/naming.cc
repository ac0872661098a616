#include "engine/image/transfer/naming.h"

#include "engine/image/name_match.h"
#include "storage/name_manifests.h"

namespace creel::engine::transfer {

Result<Reference> parse_local_reference(const std::string& text) {
  TRY_SET(Reference out, parse_reference(text));
  const bool registry_given = text.starts_with("docker.io/") || text.starts_with("index.docker.io/");
  if (out.domain != "docker.io" || registry_given) return out;
  out.domain = "localhost";
  if (text.find('/') == std::string::npos && out.path.starts_with("library/")) out.path.erase(0, 8);
  return out;
}

Result<void> use_manifest_of_name(Engine& engine, storage::ImageRecord& image, const std::string& given) {
  const std::string name = name_meant(image, given);
  if (name.empty()) return {};
  TRY_SET(const auto own, storage::manifest_of_name(engine.paths(), name));
  if (own) image.manifest = *own;
  return {};
}

}  // namespace creel::engine::transfer
