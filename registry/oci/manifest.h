// Descriptors, manifests and indexes of the OCI image specification, and Docker's schema 2 equivalents. Pure data:
// hostile JSON in, checked values out; no network. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace creel::registry::oci {

inline constexpr const char* kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr const char* kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr const char* kOciConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr const char* kOciLayer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr const char* kOciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr const char* kOciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr const char* kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr const char* kDockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr const char* kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr const char* kDockerLayer = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr const char* kDockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";
// Schema 1: recognized, so that it can be refused by name.
inline constexpr const char* kDockerSchema1 = "application/vnd.docker.distribution.manifest.v1+json";
inline constexpr const char* kDockerSchema1Signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";

// Larger manifests, indexes and configurations are refused, and larger blobs not believed.
inline constexpr std::int64_t kMaxManifestBytes = 4 << 20;
inline constexpr std::int64_t kMaxBlobBytes = std::int64_t{1} << 42;

struct Platform {
  std::string os, architecture, variant;
};
struct Descriptor {
  std::string media_type;
  Digest digest;
  std::int64_t size = 0;  // bytes, 0 to kMaxBlobBytes
  std::optional<Platform> platform;
  std::map<std::string, std::string> annotations;
};
struct Manifest {
  std::string media_type;
  Descriptor config;
  std::vector<Descriptor> layers;  // bottom first
  std::map<std::string, std::string> annotations;
  std::string artifact_type;  // hostile text; of images usually empty
};
struct Index {
  std::string media_type;
  std::vector<Descriptor> manifests;
};

// What kind of document it is: by `media_type` (a Content-Type without parameters, may be empty), else by its own
// mediaType, else by its members.
bool is_index(std::string_view text, std::string_view media_type);
// kInvalid says which member is missing or malformed; kUnsupported for schema 1, for foreign artifacts (a config that
// is not an image's) and for layers that are no plain archives (encrypted ones). Unknown members are ignored.
Result<Manifest> parse_manifest(std::string_view text, std::string_view media_type);
// The same of a manifest whose configuration and layers may be anything: an artifact's, too.
Result<Manifest> parse_artifact(std::string_view text, std::string_view media_type);
Result<Index> parse_index(std::string_view text, std::string_view media_type);

// The entry that runs on `wanted`. With a variant: that one, else the closest older one. Without: arm v8 over v7 …; of
// amd64 and others the baseline, which every machine runs. Entries without a platform and attestation manifests
// ("unknown/unknown") are passed over, unless there is only one entry. kNotFound lists what there is.
Result<Descriptor> choose(const Index& index, const Platform& wanted);

// The config's "rootfs.diff_ids", bottom first; the caller checks that their number is that of the layers. kInvalid.
Result<std::vector<Digest>> diff_ids(std::string_view config_text);

// The manifest's JSON for an image that has none (load of a docker-archive, import): stable bytes.
std::string make_manifest(const Descriptor& config, const std::vector<Descriptor>& layers, bool docker,
                          const std::map<std::string, std::string>& annotations = {});

}  // namespace creel::registry::oci
