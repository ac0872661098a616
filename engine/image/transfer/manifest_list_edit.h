// How a manifest list is changed. For manifest_list*.cc alone.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/image/transfer/install.h"
#include "engine/image/transfer/manifest_list.h"

namespace creel::engine::transfer {

// Called again where another process was faster.
using ListEdit = std::function<Result<void>(ManifestList&)>;
// What is to be in the store with a list that names it.
struct Fresh {
  std::vector<Text> texts;  // manifests and configurations
  struct File {
    std::string name;  // in `staging`
    Digest digest;     // of its bytes, computed by us
  };
  const storage::Staging* staging = nullptr;  // of `files`
  std::vector<File> files;
  std::vector<std::string> sources;  // where images of the list are that are not here: "localhost:5000/a/b@sha256:…"
};
// Returns the list's ID.
Result<std::string> edit_list(Engine& engine, const std::string& name, const ListEdit& edit, const Fresh& fresh = {});

// What is given is set, annotations are added.
void apply(const EntryOptions& options, ListEntry& entry);
// The image that something is about, here or in a registry.
Result<registry::oci::Descriptor> subject_descriptor(Engine& engine, const std::string& image);
// The configuration and layers that a manifest names, whatever kind of artifact it is; nothing where it is malformed.
std::vector<registry::oci::Descriptor> named_by(std::string_view manifest);

}  // namespace creel::engine::transfer
