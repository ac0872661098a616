// Manifest lists made here: an index of the OCI image specification (or Docker's manifest list) under a name, its
// images in the store or still in the registry that they were added from. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/image/transfer/transfer.h"
#include "registry/oci/manifest.h"

namespace creel::engine::transfer {

// One image of a list, with all that an index may say of it.
struct ListEntry {
  registry::oci::Descriptor descriptor;  // platform: os, architecture, variant
  std::string os_version, artifact_type;
  std::vector<std::string> os_features, features;  // `features`: Docker's alone
};
struct ManifestList {
  std::vector<ListEntry> entries;
  std::map<std::string, std::string> annotations;
  std::string artifact_type;
  std::optional<registry::oci::Descriptor> subject;
  // The index: Docker's type where all images are Docker's and nothing in it needs OCI's. Stable bytes.
  [[nodiscard]] std::string text() const;
  // The same, of that type. kInvalid: it cannot hold what is in the list.
  [[nodiscard]] Result<std::string> text_as(const std::string& media_type) const;
  [[nodiscard]] std::string media_type() const;
};
// kInvalid.
Result<ManifestList> parse_manifest_list(std::string_view text);

// What is said of an image in a list; empty: as it is.
struct EntryOptions {
  std::string os, arch, variant, os_version;
  std::vector<std::string> os_features, features;
  std::map<std::string, std::string> annotations;
};
// A new, empty list. Returns its ID. kExists where the name is taken; with `amend` the list of that name is taken then.
Result<std::string> create_list(Engine& engine, const std::string& name, bool amend);
// kNotFound; kInvalid: an image, but no list.
Result<storage::ImageRecord> find_list(Engine& engine, const std::string& name);
Result<ManifestList> read_list(Engine& engine, const storage::ImageRecord& list);

struct AddOptions {
  bool all = false;  // of a list: all its images, not only that for this platform
  EntryOptions entry;
  RegistryOptions registry;
};
// `image`: a name here, else in a registry; "containers-storage:", "docker://" say which. Each returns the list's ID.
Result<std::string> add_to_list(Engine& engine, const std::string& list, const std::string& image,
                                const AddOptions& options);
struct ArtifactOptions {
  std::string type, config_path, config_type, layer_type, subject;
  bool titles = true;
  EntryOptions entry;
};
// The files become an artifact, which becomes an entry.
Result<std::string> add_artifact(Engine& engine, const std::string& list, const std::vector<std::string>& files,
                                 const ArtifactOptions& options);
// `image`: a digest, or the name of an image in the list. kNotFound.
Result<std::string> annotate_entry(Engine& engine, const std::string& list, const std::string& image,
                                   const EntryOptions& options);
Result<std::string> annotate_index(Engine& engine, const std::string& list,
                                   const std::map<std::string, std::string>& annotations, const std::string& subject);
Result<std::string> remove_from_list(Engine& engine, const std::string& list, const std::string& image);

struct PushListOptions {
  bool all = true;   // the images too
  PushOptions push;  // `format`: of the list too; the images as they are, but for what is asked for here
  // Each image is pushed once more for each of these ("gzip", "zstd") that its layers do not have.
  std::vector<std::string> add_compression;
};
// Images come out of the store, else from the registry that they were added from. The digest of the list as it was
// pushed; where an image has been changed, so has the list. Signed are the list and what of it was sent. kUnsupported
// where `to` holds no lists. Needs no user namespace.
Result<Digest> push_list(Engine& engine, const std::string& list, const std::string& to, const PushListOptions& options,
                         Progress& progress);

// The bytes of a list here or, where none is, of what is in a registry or at another location ("oci:DIRECTORY").
Result<std::string> manifest_text(Engine& engine, const std::string& name, const RegistryOptions& options);

}  // namespace creel::engine::transfer
