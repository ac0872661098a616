// Which name somebody means who does not write all of it. Pure; thread-safe.
#pragma once

#include <string>

#include "storage/store.h"

namespace creel::engine {

// Whether "host/a/x:1" (`full`) is called `given` ("x:1", "a/x:1"), which names no registry.
bool ends_as(const std::string& full, const std::string& given);

// The name among the image's that `given` means, as find_image() understands it; empty: the image was named by its ID
// or digest.
std::string name_meant(const storage::ImageRecord& image, const std::string& given);

}  // namespace creel::engine
