// Images that are already in the store: naming, listing, tagging, removing, inspecting. No network, no archives; those
// are engine/image/transfer. Not thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "storage/store.h"

namespace creel::engine {

// A reference as users write it, completed: "busybox" -> docker.io/library/busybox:latest, "localhost/x:1",
// "host:5000/a/b@sha256:…". Grammar of the distribution specification. kInvalid says what is malformed.
struct Reference {
  std::string domain;  // "docker.io", "localhost:5000", "localhost"
  std::string path;    // "library/busybox"
  std::string tag;     // empty when only a digest was given
  Digest digest;       // empty when none
  [[nodiscard]] std::string repository() const { return domain + "/" + path; }
  [[nodiscard]] std::string text() const;  // with tag and/or digest
};
Result<Reference> parse_reference(const std::string& text);

// By ID (full or prefix, with or without "sha256:"), by name as given, then completed as localhost/NAME and
// docker.io/…; kNotFound: "NAME: image not known".
Result<storage::ImageRecord> find_image(Engine& engine, const std::string& name);

// The same, for who needs an image and not a manifest list: of a list, the image in it that runs on `platform` (empty:
// this host). kNotFound as well where the image, or none in the list that is in the store, is for that platform; of an
// image that is no list, any platform will do where none was given.
Result<storage::ImageRecord> find_image_of(Engine& engine, const std::string& name, const std::string& platform = {});

// A manifest list: its `manifest` is an index that changes, `blobs` are that and what is here of the images in it,
// `digests` say where the others are ("localhost:5000/a/b@sha256:…").
inline bool is_list(const storage::ImageRecord& image) {
  return image.config.empty();
}

struct ImageListOptions {
  bool all = false;                  // those too that have no name and carry others
  std::vector<std::string> filters;  // "dangling=true", "label=…", "reference=…", "before!=…"
  std::string reference;             // positional
  bool shown = false;                // configuration, layers and blobs may be left empty
};
Result<std::vector<storage::ImageRecord>> list_images(Engine& engine, const ImageListOptions& options);
Result<void> tag_image(Engine& engine, const std::string& image, const std::string& name);

struct RemovedImage {
  std::vector<std::string> untagged;
  std::vector<std::string> deleted;  // IDs
};
struct RemoveImageOptions {
  bool force = false;                  // containers that use it go too
  bool prune = true;                   // what it stood on goes too, where nothing else needs that and it has no name
  std::vector<std::string> platforms;  // only what is for one of these; else kNotFound
};
// kNotFound; kInUse names the containers.
Result<RemovedImage> remove_image(Engine& engine, const std::string& name, const RemoveImageOptions& options);
Result<RemovedImage> remove_all_images(Engine& engine, bool force);
// The document of `inspect --type image` with Podman's keys.
Result<nlohmann::json> inspect_image(Engine& engine, const std::string& name, const std::string& platform = {});
// "linux/arm64/v8" -> parts, architecture names normalized (x86_64 -> amd64). Empty: the host's.
struct Platform {
  std::string os, architecture, variant;
};
Result<Platform> parse_platform(const std::string& text);

}  // namespace creel::engine
