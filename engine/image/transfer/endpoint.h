// The two ends that an image moves between. A source gives the manifest that its location names and the blobs of it; a
// destination takes blobs, then the manifest. Registries, layouts, archives and directories each have one of either
// (docker-archive and containers-storage too, as far as they can).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/digest.h"
#include "base/result.h"
#include "engine/image/transfer/install.h"
#include "registry/archive/file_set.h"
#include "registry/client.h"
#include "registry/location.h"

namespace creel::engine::transfer {

struct ImageSource : BlobSource {
  // The bytes of the manifest or index that the location names, or of the one of that digest in the same place.
  // kNotFound. One thread.
  virtual Result<registry::FetchedManifest> manifest(const std::optional<Digest>& instance) = 0;
  // The names that the image has there ("docker.io/library/busybox:latest"); empty where places have no names.
  [[nodiscard]] virtual std::vector<std::string> names() const { return {}; }
  // "docker.io/library/busybox"; empty where places have no names.
  [[nodiscard]] virtual std::string repository() const { return {}; }
  // What there has that manifest or index as its subject; empty where places do not tell. One thread.
  virtual Result<std::vector<registry::oci::Referrer>> referrers(const Digest& subject);
  // Whether the manifest is not the image's own but made by us: a docker-archive has none.
  [[nodiscard]] virtual bool made_up() const { return false; }
};

struct ImageDestination {
  virtual ~ImageDestination() = default;
  // Which manifests it can hold: a docker-archive has none at all, "dir:" and registries hold any.
  [[nodiscard]] virtual bool takes(const std::string& manifest_media_type) const = 0;
  // Whether it has the blob already, or can have it without its bytes (a registry's cross-repository mount). Called
  // from several threads at once.
  virtual Result<bool> has(const registry::oci::Descriptor& blob) = 0;
  // The blob's bytes are those of the descriptor. Called from several threads at once.
  virtual Result<void> put(const registry::oci::Descriptor& blob, const registry::archive::Member& bytes,
                           Progress& progress) = 0;
  // `text` byte for byte. `top`: it is what the location will name; else an instance of an index that comes later.
  // After all its blobs.
  virtual Result<void> put_manifest(const Text& text, const std::string& media_type, bool top) = 0;
  // Nothing is visible at the destination before this, as far as the destination can do that.
  virtual Result<void> finish() = 0;
};

// For any location; opens nothing that needs the network before it is asked. `options` matter for registries only.
Result<std::unique_ptr<ImageSource>> open_source(Engine& engine, const registry::Location& location,
                                                 const RegistryOptions& options);
// kUnsupported for containers-storage.
Result<std::unique_ptr<ImageDestination>> open_destination(Engine& engine, const registry::Location& location,
                                                           const RegistryOptions& options);

}  // namespace creel::engine::transfer
