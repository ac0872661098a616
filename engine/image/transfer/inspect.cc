#include "engine/image/transfer/inspect.h"

#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/image/document.h"
#include "engine/image/transfer/endpoint.h"
#include "engine/image/transfer/receive.h"
#include "engine/json.h"
#include "registry/oci/json.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
using nlohmann::json;
using registry::FetchedManifest;
using registry::Location;

namespace {

struct Inspected {
  FetchedManifest top, manifest;  // the same, but for an index
  [[nodiscard]] bool through_index() const { return top.digest != manifest.digest; }
};

Result<Inspected> resolve(ImageSource& source, const std::string& wanted) {
  TRY_SET(const Platform platform, parse_platform(wanted));
  Inspected out;
  TRY_SET(out.top, source.manifest({}));
  out.manifest = out.top;
  if (!oci::is_index(out.top.text, out.top.media_type)) return out;
  TRY_SET(const oci::Index index, oci::parse_index(out.top.text, out.top.media_type));
  TRY_SET(const oci::Descriptor chosen, oci::choose(index, {platform.os, platform.architecture, platform.variant}));
  TRY_SET(out.manifest, source.manifest(chosen.digest));
  if (!oci::is_index(out.manifest.text, out.manifest.media_type)) return out;
  return fail(Code::kUnsupported, "the index names another index, " + chosen.digest.text());
}

json descriptor_json(const oci::Descriptor& from) {
  json out = {{"MIMEType", from.media_type}, {"Digest", from.digest.text()}, {"Size", from.size}};
  out["Annotations"] = from.annotations.empty() ? json(nullptr) : json(from.annotations);
  return out;
}

// Of an image: all that its configuration tells. Of what is none: the manifest alone.
Result<json> describe(ImageSource& source, const FetchedManifest& fetched) {
  const auto manifest = oci::parse_manifest(fetched.text, fetched.media_type);
  if (manifest.ok()) {
    TRY_SET(const Text config, fetch_text(source, manifest->config));
    TRY_SET(const std::vector<Digest> diff_ids, oci::diff_ids(config.bytes));
    TRY_SET(json out, image_document(config.bytes, fetched.text));
    out["Id"] = config.digest.hex();
    json layers = json::array();
    for (const Digest& layer : diff_ids) layers.push_back(layer.text());
    out["RootFS"] = {{"Type", "layers"}, {"Layers", layers}};
    return out;
  }
  const auto artifact = oci::parse_artifact(fetched.text, fetched.media_type);
  if (!artifact.ok()) return manifest.error();
  json out = json::object();
  out["ArtifactType"] = oci::describe_referrer(fetched.text, {}, fetched.digest).artifact_type;
  out["Annotations"] = artifact->annotations;
  out["ManifestType"] = artifact->media_type;
  return out;
}

// As a pull would record them.
std::set<std::string> repo_digests(const ImageSource& source, const Inspected& found) {
  std::set<std::string> repositories, out;
  if (!source.repository().empty()) repositories.insert(source.repository());
  for (const std::string& name : source.names()) repositories.insert(name.substr(0, name.rfind(':')));
  for (const std::string& repository : repositories) {
    out.insert(repository + "@" + found.manifest.digest.text());
    out.insert(repository + "@" + found.top.digest.text());
  }
  return out;
}

json referrers_json(const std::vector<oci::Referrer>& referrers) {
  json out = json::array();
  for (const oci::Referrer& one : referrers) {
    out.push_back(descriptor_json(one.descriptor));
    out.back()["ArtifactType"] = one.artifact_type;
  }
  return out;
}

Result<json> inspect(Engine& engine, const Location& location, const RegistryOptions& options) {
  TRY_SET(const auto source, open_source(engine, location, options));
  TRY_SET(const Inspected found, resolve(*source, options.platform));
  TRY_SET(json out, describe(*source, found.manifest));
  TRY_SET(const oci::Manifest manifest, oci::parse_artifact(found.manifest.text, found.manifest.media_type));
  out["Digest"] = found.manifest.digest.text();
  json layers = json::array(), data = json::array();
  std::int64_t size = manifest.config.size;
  for (const oci::Descriptor& layer : manifest.layers) {
    layers.push_back(layer.digest.text());
    data.push_back(descriptor_json(layer));
    size += layer.size;
  }
  out["Layers"] = std::move(layers);
  out["LayersData"] = std::move(data);
  out["Size"] = out["VirtualSize"] = size;
  out["RepoTags"] = source->names();
  out["NamesHistory"] = json::array();
  out["RepoDigests"] = repo_digests(*source, found);
  if (const auto subject = oci::subject_of(found.manifest.text)) out["Subject"] = descriptor_json(*subject);

  std::vector<oci::Referrer> all;
  for (const FetchedManifest* of : {&found.manifest, &found.top}) {
    if (of == &found.top && !found.through_index()) break;
    auto referrers = source->referrers(of->digest);
    if (!referrers.ok()) {
      engine.warn(referrers.error().text);
      continue;
    }
    all.insert(all.end(), std::make_move_iterator(referrers->begin()), std::make_move_iterator(referrers->end()));
  }
  out["Referrers"] = referrers_json(all);
  return out;
}

}  // namespace

Result<json> inspect_location(Engine& engine, const std::string& text, const RegistryOptions& options) {
  TRY_SET(const Location location, registry::parse_location(text));
  auto out = inspect(engine, location, options);
  if (!out.ok()) return std::move(out).error().within("inspecting " + location.text());
  return out;
}

}  // namespace creel::engine::transfer
