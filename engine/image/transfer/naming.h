// Names of images as archives and commands give them.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/image/image.h"

namespace creel::engine::transfer {

// As parse_reference, but a name without a registry is one of this machine: "x" -> localhost/x:latest.
Result<Reference> parse_local_reference(const std::string& text);
// The name of `image` that the user meant by `given`: "busybox" -> "localhost/busybox:latest". Empty: it was given by
// ID or by digest.
std::string name_meant(const storage::ImageRecord& image, const std::string& given);

}  // namespace creel::engine::transfer
