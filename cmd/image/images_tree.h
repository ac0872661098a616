// creel images --tree: Docker's view of images and the platforms that they are for. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "storage/store.h"

namespace creel::cmd {

// The table's text. Images without a name come last, as <untagged>.
std::string images_tree(const std::vector<storage::ImageRecord>& images);

}  // namespace creel::cmd
