// What an image in the store is sent as: its own manifest and blobs, or, where the destination or the user wants
// another format or compression, a manifest and blobs made from them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/image/transfer/endpoint.h"
#include "storage/store.h"

namespace creel::engine::transfer {

struct Outgoing {
  struct Part {
    registry::oci::Descriptor blob;
    registry::archive::Member bytes;
    bool config = false;
  };
  std::vector<Part> parts;  // each blob once: layers, bottom first, then the configuration
  Text manifest;
  std::string media_type;
};

// The bytes of a blob that a manifest names.
using BlobFinder = std::function<Result<registry::archive::Member>(const registry::oci::Descriptor& blob)>;
// `manifest`: the image's own. Errors as push's.
Result<Outgoing> prepare(Engine& engine, Text manifest, const BlobFinder& blob, const PushOptions& options,
                         const ImageDestination& destination);
// The same of an image in the store. What is made is written to nameless files in the store's staging directory. The
// same options give the same bytes.
Result<Outgoing> prepare(Engine& engine, const storage::ImageRecord& image, const PushOptions& options,
                         const ImageDestination& destination);

}  // namespace creel::engine::transfer
