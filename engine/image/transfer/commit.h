// commit: what a container has changed becomes a layer of a new image. export: all its files, as a tar.
// Both run inside the engine's user namespace.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/image/transfer/transfer.h"

namespace creel::engine::transfer {

struct CommitOptions {
  std::string reference;  // the new image's name; empty: none
  std::string author, message;
  bool docker = false;               // schema 2 instead of an OCI manifest
  std::vector<std::string> changes;  // Dockerfile instructions
  std::string config;                // JSON: members of an image's "config" that replace or join the container's
  bool include_volumes = false;      // the container's volumes become the image's
  bool pause = false;                // its processes stand still meanwhile
  bool squash = false;               // one layer of everything instead of one more
};
// Of a running, stopped or created container. Costs what has changed. Returns the image's ID. The same changes give
// the same layer. kNotFound; kUnsupported for a container without an image (--rootfs).
Result<std::string> commit(Engine& engine, const std::string& container, const CommitOptions& options,
                           Progress& progress);

// What its processes see, but for what is mounted. To anything that can be written; `out` stays the caller's.
Result<void> export_container(Engine& engine, const std::string& container, int out);

}  // namespace creel::engine::transfer
