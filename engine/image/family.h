// Which image stands on which: by their layers, and by their histories. Looks at the records that it was given, which
// must outlive it. Not thread-safe.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "storage/store.h"

namespace creel::engine {

class ImageFamily {
 public:
  explicit ImageFamily(const std::vector<storage::ImageRecord>& images);
  // The images whose layers are exactly the lowest `count` of this image's.
  [[nodiscard]] std::vector<const storage::ImageRecord*> topped(const storage::ImageRecord& image,
                                                                std::size_t count) const;
  // The closest image that this one was built on; null: none is here.
  [[nodiscard]] const storage::ImageRecord* parent(const storage::ImageRecord& image) const;
  // Images that stand on this one, at whatever distance.
  [[nodiscard]] std::vector<const storage::ImageRecord*> descendants(const storage::ImageRecord& image) const;

 private:
  std::vector<const storage::ImageRecord*> images_;
  std::unordered_multimap<std::uint64_t, const storage::ImageRecord*> by_layers_;  // a hash of all of them
};

// Whether `child` continues the layers and the history of `parent`. Parses both configurations.
bool stands_on(const storage::ImageRecord& child, const storage::ImageRecord& parent);

}  // namespace creel::engine
