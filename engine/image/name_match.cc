#include "engine/image/name_match.h"

#include "engine/image/image.h"

namespace creel::engine {

bool ends_as(const std::string& full, const std::string& given) {
  auto reference = parse_reference(given);
  if (!reference.ok() || !reference->digest.empty() || reference->domain != "docker.io") return false;
  if (given.rfind("docker.io/", 0) == 0 || given.rfind("index.docker.io/", 0) == 0) return false;
  std::string path = reference->path;
  if (given.find('/') == std::string::npos && path.rfind("library/", 0) == 0) path.erase(0, 8);
  return full.ends_with("/" + path + ":" + reference->tag);
}

}  // namespace creel::engine
