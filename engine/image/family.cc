#include "engine/image/family.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/image/image.h"
#include "engine/json.h"

namespace creel::engine {
namespace {

using nlohmann::json;
using storage::ImageRecord;

std::uint64_t mixed(std::uint64_t hash, const Digest& layer) {
  // Digests are random bits: any of them will do, but their order must tell.
  return hash * 0x9e3779b97f4a7c15ULL + std::hash<std::string_view>()(layer.hex());
}

bool same_layers(const ImageRecord& a, const ImageRecord& b, std::size_t count) {
  return a.diff_ids.size() >= count && b.diff_ids.size() >= count &&
         std::equal(a.diff_ids.begin(), a.diff_ids.begin() + static_cast<std::ptrdiff_t>(count), b.diff_ids.begin());
}

}  // namespace

bool stands_on(const ImageRecord& child, const ImageRecord& parent) {
  if (child.id == parent.id || is_list(child) || is_list(parent)) return false;
  if (!same_layers(child, parent, parent.diff_ids.size())) return false;
  const json younger = json::parse(child.config, nullptr, false);
  const json older = json::parse(parent.config, nullptr, false);
  const json& steps = member(younger, "history");
  const json& earlier = member(older, "history");
  if (!steps.is_array() || !earlier.is_array()) return child.diff_ids.size() > parent.diff_ids.size();
  return (steps.size() > earlier.size() || child.diff_ids.size() > parent.diff_ids.size()) &&
         steps.size() >= earlier.size() && std::equal(earlier.begin(), earlier.end(), steps.begin());
}

ImageFamily::ImageFamily(const std::vector<ImageRecord>& images) {
  for (const ImageRecord& image : images) {
    if (is_list(image)) continue;
    images_.push_back(&image);
    std::uint64_t hash = 0;
    for (const Digest& layer : image.diff_ids) hash = mixed(hash, layer);
    by_layers_.emplace(hash, &image);
  }
}

std::vector<const ImageRecord*> ImageFamily::topped(const ImageRecord& image, std::size_t count) const {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < count; ++i) hash = mixed(hash, image.diff_ids[i]);
  std::vector<const ImageRecord*> out;
  const auto [first, last] = by_layers_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (it->second->diff_ids.size() == count && same_layers(*it->second, image, count)) out.push_back(it->second);
  }
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  return out;
}

const ImageRecord* ImageFamily::parent(const ImageRecord& image) const {
  // An image without layers would be everybody's.
  for (std::size_t count = image.diff_ids.size(); count > 0; --count) {
    const ImageRecord* closest = nullptr;
    for (const ImageRecord* candidate : topped(image, count)) {
      if (stands_on(image, *candidate) && (closest == nullptr || stands_on(*candidate, *closest))) closest = candidate;
    }
    if (closest != nullptr) return closest;
  }
  return nullptr;
}

std::vector<const ImageRecord*> ImageFamily::descendants(const ImageRecord& image) const {
  std::vector<const ImageRecord*> out;
  for (const ImageRecord* candidate : images_) {
    if (!image.diff_ids.empty() && stands_on(*candidate, image)) out.push_back(candidate);
  }
  return out;
}

}  // namespace creel::engine
