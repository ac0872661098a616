// What becomes of an image, an artifact or an annotation in a list.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/obtain.h"
#include "engine/image/transfer/endpoint_registry.h"
#include "engine/image/transfer/manifest_list_edit.h"
#include "engine/image/transfer/naming.h"
#include "engine/image/transfer/receive.h"
#include "engine/json.h"
#include "registry/oci/json.h"
#include "registry/oci/platform.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
using nlohmann::json;
using nlohmann::ordered_json;
using storage::ImageRecord;
using storage::Store;

namespace {

// What is to be added: entries, and what they need in the store.
struct Gathered {
  std::vector<ListEntry> entries;
  Fresh fresh;
};

void set_platform(ListEntry& entry, const std::string& config) {
  const json document = oci::parse_json(config);
  oci::Platform platform{text_of(document, "os"), text_of(document, "architecture"), text_of(document, "variant")};
  if (platform.os.empty() && platform.architecture.empty()) return;
  entry.descriptor.platform = std::move(platform);
  entry.os_version = text_of(document, "os.version");
  entry.os_features = texts_of(document, "os.features");
}

}  // namespace

void apply(const EntryOptions& options, ListEntry& entry) {
  const bool platform = !options.os.empty() || !options.arch.empty() || !options.variant.empty() ||
                        !options.os_version.empty() || !options.os_features.empty() || !options.features.empty();
  if (platform && !entry.descriptor.platform) entry.descriptor.platform = oci::Platform{};
  if (!options.os.empty()) entry.descriptor.platform->os = options.os;
  if (!options.arch.empty()) entry.descriptor.platform->architecture = options.arch;
  if (!options.variant.empty()) entry.descriptor.platform->variant = options.variant;
  if (!options.os_version.empty()) entry.os_version = options.os_version;
  if (!options.os_features.empty()) entry.os_features = options.os_features;
  if (!options.features.empty()) entry.features = options.features;
  for (const auto& [key, value] : options.annotations) entry.descriptor.annotations[key] = value;
}

namespace {

std::string media_type_of(std::string_view text, const std::string& told) {
  const std::string own = text_of(oci::parse_json(text), "mediaType");
  if (!own.empty()) return own;
  return told.empty() ? oci::kOciManifest : told;
}

Result<Gathered> from_store(Engine& engine, const ImageRecord& found, bool all) {
  Gathered out;
  TRY_SET(Store * store, engine.store());
  if (is_list(found) && all) {
    TRY_SET(const ManifestList list, read_list(engine, found));
    out.entries = list.entries;
    out.fresh.sources = found.digests;
    return out;
  }
  TRY_SET(const ImageRecord image, find_image_of(engine, "sha256:" + found.id));
  TRY_SET(const Fd blob, store->open_blob(image.manifest));
  TRY_SET(const std::string text, read_all(blob.get(), oci::kMaxManifestBytes));
  ListEntry entry;
  entry.descriptor.media_type = media_type_of(text, {});
  entry.descriptor.digest = image.manifest;
  entry.descriptor.size = std::ssize(text);
  set_platform(entry, image.config);
  out.entries.push_back(std::move(entry));
  return out;
}

// What is in a registry, and what of it an entry needs.
class Remote {
 public:
  static Result<Remote> open(const std::string& name, const RegistryOptions& options) {
    registry::Location location;
    location.reference = name.starts_with("docker://") ? name.substr(9) : name;
    TRY_SET(auto source, registry_source(location, options));
    return Remote(std::move(source));
  }

  Result<Gathered> gather(bool all, const EntryOptions& wanted) {
    TRY_SET(registry::FetchedManifest fetched, source_->manifest({}));
    Gathered out;
    if (!oci::is_index(fetched.text, fetched.media_type)) {
      TRY(add(fetched, std::nullopt, out));
      return out;
    }
    TRY_SET(const ManifestList list, parse_manifest_list(fetched.text));
    if (all) {
      for (const ListEntry& entry : list.entries) {
        TRY_SET(fetched, source_->manifest(entry.descriptor.digest));
        TRY(add(fetched, entry, out));
      }
      return out;
    }
    TRY_SET(const oci::Index index, oci::parse_index(fetched.text, fetched.media_type));
    TRY_SET(Platform platform, parse_platform({}));
    if (!wanted.os.empty()) platform.os = wanted.os;
    if (!wanted.arch.empty()) platform.architecture = wanted.arch;
    if (!wanted.variant.empty()) platform.variant = wanted.variant;
    TRY_SET(const oci::Descriptor chosen, oci::choose(index, {platform.os, platform.architecture, platform.variant}));
    const auto entry = std::find_if(list.entries.begin(), list.entries.end(),
                                    [&](const ListEntry& one) { return one.descriptor.digest == chosen.digest; });
    TRY_SET(fetched, source_->manifest(chosen.digest));
    TRY(add(fetched, *entry, out));
    return out;
  }

 private:
  explicit Remote(std::unique_ptr<ImageSource> source) : source_(std::move(source)) {}

  // `known`: what an index says of it; else its configuration is asked.
  Result<void> add(const registry::FetchedManifest& fetched, std::optional<ListEntry> known, Gathered& out) {
    if (oci::is_index(fetched.text, fetched.media_type)) {
      return fail(Code::kUnsupported, "the index names another index, " + fetched.digest.text());
    }
    ListEntry entry = known.value_or(ListEntry{});
    entry.descriptor.media_type = media_type_of(fetched.text, fetched.media_type);
    entry.descriptor.digest = fetched.digest;
    entry.descriptor.size = std::ssize(fetched.text);
    if (!entry.descriptor.platform) {
      if (auto manifest = oci::parse_manifest(fetched.text, fetched.media_type); manifest.ok()) {
        TRY_SET(Text config, fetch_text(*source_, manifest->config));
        set_platform(entry, config.bytes);
        out.fresh.texts.push_back(std::move(config));
      }
    }
    out.fresh.texts.push_back(text_blob(fetched.text));
    out.fresh.sources.push_back(source_->repository() + "@" + fetched.digest.text());
    out.entries.push_back(std::move(entry));
    return {};
  }

  std::unique_ptr<ImageSource> source_;
};

constexpr std::string_view kStorage = "containers-storage:";

// Here first, as everywhere; then in a registry.
Result<Gathered> gather(Engine& engine, const std::string& image, const AddOptions& options) {
  const bool only_here = image.starts_with(kStorage);
  const bool only_there = image.starts_with("docker://");
  if (!only_there) {
    const std::string name = only_here ? image.substr(kStorage.size()) : image;
    auto found = find_image(engine, name);
    if (found.ok()) TRY(use_manifest_of_name(engine, *found, name));
    if (found.ok()) return from_store(engine, *found, options.all);
    if (only_here || found.error().code != Code::kNotFound) return std::move(found).error();
  }
  TRY_SET(Remote remote, Remote::open(image, options.registry));
  auto gathered = remote.gather(options.all, options.entry);
  if (!gathered.ok()) return std::move(gathered).error().within("reading " + image);
  return gathered;
}

void put(ManifestList& list, const ListEntry& entry) {
  const auto same = std::find_if(list.entries.begin(), list.entries.end(), [&](const ListEntry& one) {
    return one.descriptor.digest == entry.descriptor.digest;
  });
  if (same == list.entries.end()) {
    list.entries.push_back(entry);
  } else {
    *same = entry;
  }
}

// By digest, or by the name of an image here.
Result<Digest> digest_meant(Engine& engine, const std::string& image) {
  if (auto digest = Digest::parse(image); digest.ok()) return digest;
  const std::size_t at = image.rfind("@sha256:");
  if (at != std::string::npos) return Digest::parse(image.substr(at + 1));
  TRY_SET(const ImageRecord found, find_image_of(engine, image));
  return found.manifest;
}

Result<ListEntry*> entry_of(ManifestList& list, const std::string& name, const Digest& digest) {
  for (ListEntry& entry : list.entries) {
    if (entry.descriptor.digest == digest) return &entry;
  }
  return fail(Code::kNotFound, "no instance matching digest \"" + digest.text() + "\" found in manifest list " + name);
}

}  // namespace

Result<oci::Descriptor> subject_descriptor(Engine& engine, const std::string& image) {
  TRY_SET(const Gathered gathered, gather(engine, image, {}));
  oci::Descriptor out = gathered.entries.front().descriptor;
  out.platform.reset();
  out.annotations.clear();
  return out;
}

std::vector<oci::Descriptor> named_by(std::string_view manifest) {
  std::vector<oci::Descriptor> out;
  const json document = oci::parse_json(manifest);
  const auto take = [&](const json& from) {
    oci::Descriptor one;
    auto digest = Digest::parse(text_of(from, "digest"));
    if (!digest.ok()) return;
    one.digest = *digest;
    one.media_type = text_of(from, "mediaType");
    one.size = int_of(from, "size");
    out.push_back(std::move(one));
  };
  take(member(document, "config"));
  if (const json& layers = member(document, "layers"); layers.is_array()) {
    for (const json& layer : layers) take(layer);
  }
  return out;
}

Result<std::string> add_to_list(Engine& engine, const std::string& list, const std::string& image,
                                const AddOptions& options) {
  TRY(find_list(engine, list));
  TRY_SET(Gathered gathered, gather(engine, image, options));
  for (ListEntry& entry : gathered.entries) {
    // Of many, each keeps its own platform.
    EntryOptions changes = options.entry;
    if (gathered.entries.size() > 1) changes.os = changes.arch = changes.variant = changes.os_version = {};
    apply(changes, entry);
  }
  return edit_list(
      engine, list,
      [&](ManifestList& document) -> Result<void> {
        for (const ListEntry& entry : gathered.entries) put(document, entry);
        return {};
      },
      gathered.fresh);
}

Result<std::string> annotate_entry(Engine& engine, const std::string& list, const std::string& image,
                                   const EntryOptions& options) {
  TRY(find_list(engine, list));
  TRY_SET(const Digest digest, digest_meant(engine, image));
  return edit_list(engine, list, [&](ManifestList& document) -> Result<void> {
    TRY_SET(ListEntry * entry, entry_of(document, list, digest));
    apply(options, *entry);
    return {};
  });
}

Result<std::string> annotate_index(Engine& engine, const std::string& list,
                                   const std::map<std::string, std::string>& annotations, const std::string& subject) {
  TRY(find_list(engine, list));
  std::optional<oci::Descriptor> about;
  if (!subject.empty()) {
    TRY_SET(about, subject_descriptor(engine, subject));
  }
  return edit_list(engine, list, [&](ManifestList& document) -> Result<void> {
    for (const auto& [key, value] : annotations) document.annotations[key] = value;
    if (about) document.subject = about;
    return {};
  });
}

Result<std::string> remove_from_list(Engine& engine, const std::string& list, const std::string& image) {
  TRY(find_list(engine, list));
  TRY_SET(const Digest digest, digest_meant(engine, image));
  return edit_list(engine, list, [&](ManifestList& document) -> Result<void> {
    TRY_SET(const ListEntry* entry, entry_of(document, list, digest));
    document.entries.erase(document.entries.begin() + (entry - document.entries.data()));
    return {};
  });
}

Result<std::string> manifest_text(Engine& engine, const std::string& name, const RegistryOptions& options) {
  if (!name.starts_with("docker://")) {
    auto found = find_list(engine, name);
    if (found.ok()) {
      TRY_SET(Store * store, engine.store());
      TRY_SET(const Fd blob, store->open_blob(found->manifest));
      return read_all(blob.get(), oci::kMaxManifestBytes);
    }
    if (found.error().code != Code::kNotFound && found.error().code != Code::kInvalid) return std::move(found).error();
  }
  registry::Location location;
  location.reference = name;
  if (is_location(name)) {
    TRY_SET(location, registry::parse_location(name));
  }
  TRY_SET(const auto source, open_source(engine, location, options));
  auto fetched = source->manifest({});
  if (!fetched.ok()) return std::move(fetched).error().within("reading " + name);
  return std::move(fetched->text);
}

}  // namespace creel::engine::transfer
