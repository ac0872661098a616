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

struct ImageListOptions {
  bool all = false;
  std::vector<std::string> filters;  // "dangling=true", "label=…", "reference=…", "before=…", "since=…"
  std::string reference;             // positional
};
Result<std::vector<storage::ImageRecord>> list_images(Engine& engine, const ImageListOptions& options);
Result<void> tag_image(Engine& engine, const std::string& image, const std::string& name);

struct RemovedImage {
  std::vector<std::string> untagged;
  std::vector<std::string> deleted;  // IDs
};
// kNotFound; kInUse names the containers. `force` removes those too.
Result<RemovedImage> remove_image(Engine& engine, const std::string& name, bool force);
Result<RemovedImage> remove_all_images(Engine& engine, bool force);
// The document of `inspect --type image` with Podman's keys.
Result<nlohmann::json> inspect_image(Engine& engine, const std::string& name);
// "linux/arm64/v8" -> parts, architecture names normalized (x86_64 -> amd64). Empty: the host's.
struct Platform {
  std::string os, architecture, variant;
};
Result<Platform> parse_platform(const std::string& text);

}  // namespace creel::engine
