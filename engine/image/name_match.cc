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

std::string name_meant(const storage::ImageRecord& image, const std::string& given) {
  auto reference = parse_reference(given);
  if (!reference.ok() || !reference->digest.empty()) return {};
  std::vector<std::string> forms{reference->text()};
  if (reference->domain == "docker.io") {
    forms.push_back("localhost/" + reference->path + ":" + reference->tag);
    if (reference->path.rfind("library/", 0) == 0) {
      forms.push_back("localhost/" + reference->path.substr(8) + ":" + reference->tag);
    }
  }
  // find_image() prefers localhost; so does this.
  std::reverse(forms.begin(), forms.end());
  for (const std::string& form : forms) {
    if (std::find(image.names.begin(), image.names.end(), form) != image.names.end()) return form;
  }
  for (const std::string& name : image.names) {
    if (ends_as(name, given)) return name;
  }
  return {};
}

}  // namespace creel::engine
