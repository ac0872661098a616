// Names of images as archives and commands give them.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/image/image.h"

namespace creel::engine::transfer {

// As parse_reference, but a name without a registry is one of this machine: "x" -> localhost/x:latest.
Result<Reference> parse_local_reference(const std::string& text);
// Of the manifests that an image was pulled with, the one that the name `given` came with: into `image.manifest`.
Result<void> use_manifest_of_name(Engine& engine, storage::ImageRecord& image, const std::string& given);

}  // namespace creel::engine::transfer
