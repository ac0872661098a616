#include "engine/image/transfer/naming.h"

#include <algorithm>

namespace creel::engine::transfer {

Result<Reference> parse_local_reference(const std::string& text) {
  TRY_SET(Reference out, parse_reference(text));
  const bool registry_given = text.starts_with("docker.io/") || text.starts_with("index.docker.io/");
  if (out.domain != "docker.io" || registry_given) return out;
  out.domain = "localhost";
  if (text.find('/') == std::string::npos && out.path.starts_with("library/")) out.path.erase(0, 8);
  return out;
}

std::string name_meant(const storage::ImageRecord& image, const std::string& given) {
  // In find_image's order.
  for (const auto& parsed : {parse_local_reference(given), parse_reference(given)}) {
    if (!parsed.ok() || parsed->tag.empty()) continue;
    const std::string name = parsed->repository() + ":" + parsed->tag;
    if (std::find(image.names.begin(), image.names.end(), name) != image.names.end()) return name;
  }
  return {};
}

}  // namespace creel::engine::transfer
