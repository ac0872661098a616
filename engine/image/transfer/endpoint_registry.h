// A registry as either end of a transfer: endpoint.h over registry/client.
#pragma once

#include <memory>

#include "engine/image/transfer/endpoint.h"

namespace creel::engine::transfer {

registry::ClientOptions client_options(const RegistryOptions& options);

// `location` is a registry's. Nothing is asked before manifest().
Result<std::unique_ptr<ImageSource>> registry_source(const registry::Location& location,
                                                     const RegistryOptions& options);
// Blobs that images in the store came with from other repositories of the same registry are mounted from there.
Result<std::unique_ptr<ImageDestination>> registry_destination(Engine& engine, const registry::Location& location,
                                                               const RegistryOptions& options);

}  // namespace creel::engine::transfer
