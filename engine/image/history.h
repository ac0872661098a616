// How an image came to be, as its configuration tells it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace creel::engine {

struct HistoryStep {
  std::string id;  // of the image that ends with this step, where it is here; else "<missing>"
  std::int64_t created_ns = 0;
  std::string created_by, comment;
  std::int64_t size = 0;          // bytes of the unpacked layer; 0 where the step made none
  std::vector<std::string> tags;  // names of the images that end with this step
};
// Newest first. kNotFound; kInvalid for a manifest list, and where `platform` (empty: any) is another's.
Result<std::vector<HistoryStep>> image_history(Engine& engine, const std::string& name, const std::string& platform);

}  // namespace creel::engine
