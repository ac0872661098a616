// The document.
#include "engine/image/transfer/manifest_list.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/json.h"
#include "registry/oci/json.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

// Hostile lists end somewhere.
constexpr std::size_t kMostEntries = 10000;

Result<oci::Descriptor> parse_descriptor(const json& from) {
  oci::Descriptor out;
  out.media_type = text_of(from, "mediaType");
  TRY_SET(out.digest, Digest::parse(text_of(from, "digest")));
  out.size = int_of(from, "size");
  if (out.size < 0 || out.size > oci::kMaxBlobBytes) return fail(Code::kInvalid, "a size in the index is out of range");
  out.annotations = text_map_of(from, "annotations");
  return out;
}

Result<ListEntry> parse_entry(const json& from) {
  ListEntry out;
  TRY_SET(out.descriptor, parse_descriptor(from));
  out.artifact_type = text_of(from, "artifactType");
  const json& platform = member(from, "platform");
  if (platform.is_object()) {
    out.descriptor.platform =
        oci::Platform{text_of(platform, "os"), text_of(platform, "architecture"), text_of(platform, "variant")};
    out.os_version = text_of(platform, "os.version");
    out.os_features = texts_of(platform, "os.features");
    out.features = texts_of(platform, "features");
  }
  return out;
}

ordered_json descriptor_json(const oci::Descriptor& from) {
  ordered_json out = {{"mediaType", from.media_type}, {"digest", from.digest.text()}, {"size", from.size}};
  if (!from.annotations.empty()) out["annotations"] = from.annotations;
  return out;
}

ordered_json entry_json(const ListEntry& entry, bool docker) {
  ordered_json out = descriptor_json(entry.descriptor);
  if (!entry.artifact_type.empty()) out["artifactType"] = entry.artifact_type;
  // Docker's list wants one in any case.
  if (!entry.descriptor.platform && !docker) return out;
  const oci::Platform of = entry.descriptor.platform.value_or(oci::Platform{});
  ordered_json platform = {{"architecture", of.architecture}, {"os", of.os}};
  if (!entry.os_version.empty()) platform["os.version"] = entry.os_version;
  if (!entry.os_features.empty()) platform["os.features"] = entry.os_features;
  if (!of.variant.empty()) platform["variant"] = of.variant;
  if (docker && !entry.features.empty()) platform["features"] = entry.features;
  out["platform"] = std::move(platform);
  return out;
}

bool is_docker(const ListEntry& entry) {
  return entry.descriptor.media_type == oci::kDockerManifest && entry.descriptor.annotations.empty() &&
         entry.artifact_type.empty();
}

}  // namespace

Result<ManifestList> parse_manifest_list(std::string_view text) {
  const json document = oci::parse_json(text);
  const json& entries = member(document, "manifests");
  if (!document.is_object() || !(entries.is_array() || entries.is_null())) {
    return fail(Code::kInvalid, "the manifest list is no index of images");
  }
  if (entries.size() > kMostEntries) return fail(Code::kInvalid, "the manifest list has too many entries");
  ManifestList out;
  for (const json& entry : entries) {
    TRY_SET(ListEntry parsed, parse_entry(entry));
    out.entries.push_back(std::move(parsed));
  }
  out.annotations = text_map_of(document, "annotations");
  out.artifact_type = text_of(document, "artifactType");
  if (const json& subject = member(document, "subject"); subject.is_object()) {
    TRY_SET(out.subject, parse_descriptor(subject));
  }
  return out;
}

std::string ManifestList::media_type() const {
  const bool docker = !entries.empty() && annotations.empty() && artifact_type.empty() && !subject &&
                      std::all_of(entries.begin(), entries.end(), is_docker);
  return docker ? oci::kDockerList : oci::kOciIndex;
}

std::string ManifestList::text() const {
  const std::string type = media_type();
  const bool docker = type == oci::kDockerList;
  ordered_json out = {{"schemaVersion", 2}, {"mediaType", type}};
  if (!artifact_type.empty()) out["artifactType"] = artifact_type;
  out["manifests"] = ordered_json::array();
  for (const ListEntry& entry : entries) out["manifests"].push_back(entry_json(entry, docker));
  if (subject) out["subject"] = descriptor_json(*subject);
  if (!annotations.empty()) out["annotations"] = annotations;
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Result<std::string> ManifestList::text_as(const std::string& type) const {
  if (type == media_type()) return text();
  if (type == oci::kDockerList) {
    return fail(Code::kInvalid,
                "the list holds what only an OCI index can: images of OCI's type, annotations or artifacts");
  }
  // An OCI index takes any image.
  ordered_json out = {{"schemaVersion", 2}, {"mediaType", type}, {"manifests", ordered_json::array()}};
  for (const ListEntry& entry : entries) out["manifests"].push_back(entry_json(entry, false));
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace creel::engine::transfer
