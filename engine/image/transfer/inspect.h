// What is known of an image where it is, without taking it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/image/transfer/transfer.h"

namespace creel::engine::transfer {

// The document of `inspect` for what a location names ("docker://NAME", "oci:DIRECTORY", …): the keys of an image that
// is here, as far as they are known before its layers are unpacked, and beside them Layers and LayersData (its blobs)
// and Referrers (what has it, or the index that it was found through, as its subject). Of an artifact, which has no
// configuration: ArtifactType, and Subject where there is one. Size: of the blobs as they are there.
// No signature is asked for, for nothing is taken. Referrers that cannot be listed are a warning.
Result<nlohmann::json> inspect_location(Engine& engine, const std::string& location, const RegistryOptions& options);

}  // namespace creel::engine::transfer
