// An image from any source into the store.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/image/transfer/endpoint.h"
#include "engine/image/transfer/trust.h"

namespace creel::engine::transfer {

struct Reception {
  std::string platform;                   // chooses from an index: "os/arch[/variant]"; empty: the host's
  std::vector<std::string> names;         // "docker.io/library/busybox:latest": what it is called from now on
  std::vector<std::string> repositories;  // "docker.io/library/busybox": where it comes from, for its digests
  Gate allowed;                           // the signature policy; without one nothing comes in
  bool that_platform = false;             // an image for another platform is refused, even where there is no index
};
// A configuration's bytes, verified. kInvalid where it is too large, longer than its descriptor says, or not what its
// digest says.
Result<Text> fetch_text(BlobSource& source, const registry::oci::Descriptor& config);

// Through an index where there is one; the index is kept. Verifies everything. Of an image that is here already, and
// whose manifest the source has made up, the names are all that is new: what it was pulled as stays, for save and push.
// Returns the image's ID (hex). Errors as install's; kUnsupported for what is no image.
Result<std::string> receive(Engine& engine, ImageSource& source, const Reception& how, Progress& progress);

// What `pull TRANSPORT:…` does for all but registries. Without a reference, all images of a docker-archive. Returns
// their IDs.
Result<std::vector<std::string>> pull_local(Engine& engine, const registry::Location& location,
                                            const RegistryOptions& options, Progress& progress);

}  // namespace creel::engine::transfer
