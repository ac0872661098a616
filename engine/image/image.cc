#include "engine/image/image.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/image_config.h"
#include "engine/image/name_match.h"
#include "engine/json.h"
#include "storage/name_manifests.h"

namespace creel::engine {

namespace {

bool may_be_id(const std::string& text) {
  return text.size() >= 3 && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<std::optional<storage::ImageRecord>> by_reference(storage::Store& store, const Reference& reference) {
  if (!reference.digest.empty()) {
    TRY_SET(auto found, store.image_by_digest(reference.repository() + "@" + reference.digest.text()));
    return found;
  }
  TRY_SET(auto found, store.image_by_name(reference.repository() + ":" + reference.tag));
  return found;
}

// Another registry's image may be meant, where that is the only one.
Result<std::optional<storage::ImageRecord>> by_last_part(storage::Store& store, const std::string& name) {
  std::optional<storage::ImageRecord> found;
  TRY_SET(auto images, store.images());
  std::vector<std::string> names;
  for (storage::ImageRecord& image : images) {
    const std::size_t before = names.size();
    for (const std::string& full : image.names) {
      if (ends_as(full, name)) names.push_back(full);
    }
    if (names.size() > before && !found) found = std::move(image);
  }
  if (names.size() > 1) {
    return fail(Code::kInvalid, name + ": more than one image is called so").with_hint("One of " + join(names, ", "));
  }
  return found;
}

bool fits(const Platform& wanted, const Platform& offered) {
  return offered.os == wanted.os && offered.architecture == wanted.architecture &&
         (wanted.variant.empty() || offered.variant.empty() || wanted.variant == offered.variant);
}

}  // namespace

Result<storage::ImageRecord> find_image(Engine& engine, const std::string& name) {
  TRY_SET(storage::Store * store, engine.store());
  const bool explicit_id = name.rfind("sha256:", 0) == 0;
  const std::string id = explicit_id ? name.substr(7) : name;
  if (!explicit_id) {
    // As users have it in their fingers: what was built or tagged here comes before a registry's namesake.
    auto reference = parse_reference(name);
    if (!reference.ok() && !may_be_id(id)) return std::move(reference).error();
    if (reference.ok()) {
      const bool bare = reference->domain == "docker.io" && name.rfind("docker.io/", 0) != 0 &&
                        name.rfind("index.docker.io/", 0) != 0;
      if (bare) {
        Reference local = *reference;
        local.domain = "localhost";
        if (name.find('/') == std::string::npos && local.path.rfind("library/", 0) == 0) local.path.erase(0, 8);
        TRY_SET(auto found, by_reference(*store, local));
        if (found) return std::move(*found);
      }
      TRY_SET(auto found, by_reference(*store, *reference));
      if (found) return std::move(*found);
    }
  }
  if (may_be_id(id)) {
    TRY_SET(auto found, store->image_by_id(id));
    if (found) return std::move(*found);
  }
  TRY_SET(auto found, by_last_part(*store, name));
  if (found) return std::move(*found);
  return fail(Code::kNotFound, name + ": image not known");
}

Result<storage::ImageRecord> find_image_of(Engine& engine, const std::string& name, const std::string& platform) {
  TRY_SET(storage::ImageRecord found, find_image(engine, name));
  if (!is_list(found) && platform.empty()) return found;
  TRY_SET(const Platform wanted, parse_platform(platform));
  const std::string wanted_text = platform.empty() ? wanted.os + "/" + wanted.architecture : platform;
  if (!is_list(found)) {
    TRY_SET(const ImageConfig config, parse_image_config(found.config));
    if (fits(wanted, {config.os, config.architecture, config.variant})) return found;
    return fail(Code::kNotFound, name + ": image not known for platform " + wanted_text);
  }
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const Fd blob, store->open_blob(found.manifest));
  TRY_SET(const std::string text, read_all(blob.get(), 4 << 20));
  TRY_SET(const nlohmann::json index, parse_json(text, "manifest list " + name));
  TRY_SET(const std::vector<storage::ImageRecord> images, store->images());
  for (const nlohmann::json& entry : member(index, "manifests")) {
    const nlohmann::json& offered = member(entry, "platform");
    if (!fits(wanted, {text_of(offered, "os"), text_of(offered, "architecture"), text_of(offered, "variant")}))
      continue;
    const std::string digest = text_of(entry, "digest");
    for (const storage::ImageRecord& image : images) {
      if (!is_list(image) && image.manifest.text() == digest) return image;
    }
  }
  return fail(Code::kNotFound,
              name + ": is a manifest list, and no image of it for " + wanted_text + " is in local storage");
}

Result<void> tag_image(Engine& engine, const std::string& image, const std::string& name) {
  TRY_SET(storage::ImageRecord record, find_image(engine, image));
  TRY_SET(Reference reference, parse_reference(name));
  if (!reference.digest.empty()) {
    return fail(Code::kInvalid, "tagging " + image + " as " + name + ": tag by digest not supported");
  }
  // A name without a registry is one of this machine.
  const bool bare =
      reference.domain == "docker.io" && name.rfind("docker.io/", 0) != 0 && name.rfind("index.docker.io/", 0) != 0;
  if (bare) {
    reference.domain = "localhost";
    if (name.find('/') == std::string::npos && reference.path.rfind("library/", 0) == 0) reference.path.erase(0, 8);
  }
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  TRY(store->tag_image(record.id, reference.text()));
  const std::string from = name_meant(record, image);
  return from.empty() ? Result<void>() : storage::copy_name_manifest(engine.paths(), from, reference.text());
}

}  // namespace creel::engine
