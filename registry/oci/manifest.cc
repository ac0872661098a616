#include "registry/oci/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "registry/oci/json.h"
#include "registry/oci/platform.h"

namespace creel::registry::oci {

namespace {

using nlohmann::json;

bool one_of(std::string_view type, std::initializer_list<const char*> types) {
  return std::any_of(types.begin(), types.end(), [&](const char* t) { return type == t; });
}
bool known(std::string_view type) {
  return one_of(type, {kOciManifest, kOciIndex, kDockerManifest, kDockerList, kDockerSchema1, kDockerSchema1Signed});
}

// A document whose two readers disagree on what it is passes for two images with one digest (CVE-2021-41190): where
// Content-Type, mediaType and members contradict each other it is refused.
Result<std::string> type_of(const json& document, std::string_view content_type) {
  std::string own;
  if (const auto* found = member(document, "mediaType"); found != nullptr) {
    if (!found->is_string()) return fail(Code::kInvalid, "manifest: mediaType is no string");
    own = found->get<std::string>();
  }
  const auto version = int_member(document, "schemaVersion");
  if (own.empty() && version == 1) own = kDockerSchema1;
  const std::string sent = known(content_type) ? std::string(content_type) : std::string();
  if (!sent.empty() && known(own) && sent != own && !(own == kDockerSchema1 && sent == kDockerSchema1Signed))
    return fail(Code::kInvalid, "manifest: it was sent as " + sent + " and calls itself " + own);
  if (!sent.empty()) return sent;
  if (!own.empty()) return own;
  if (document.contains("manifests")) return std::string(kOciIndex);
  if (document.contains("layers") || document.contains("config")) return std::string(kOciManifest);
  return fail(Code::kInvalid, "manifest: it has neither layers nor manifests");
}

Result<json> parse_document(std::string_view text, const char* what) {
  if (text.size() > static_cast<std::size_t>(kMaxManifestBytes))
    return fail(Code::kInvalid,
                std::string(what) + ": larger than " + std::to_string(kMaxManifestBytes >> 20) + " MiB");
  json document = parse_strict_json(text);
  if (document.is_discarded())
    return fail(Code::kInvalid, std::string(what) + ": not JSON, or with a member that is there twice");
  if (!document.is_object()) return fail(Code::kInvalid, std::string(what) + ": no JSON object");
  return document;
}

// False where it has some that are no object.
bool parse_annotations(const json& value, std::map<std::string, std::string>& out) {
  const auto* annotations = member(value, "annotations");
  if (annotations == nullptr || annotations->is_null()) return true;
  if (!annotations->is_object()) return false;
  for (const auto& [key, text] : annotations->items()) {
    if (text.is_string()) out[key] = text.get<std::string>();
  }
  return true;
}

Result<Descriptor> parse_descriptor(const json& value, const std::string& where) {
  auto bad = [&](const std::string& why) { return fail(Code::kInvalid, "manifest: " + where + why); };
  if (!value.is_object()) return bad(" is no object");
  Descriptor out;
  out.media_type = string_member(value, "mediaType");
  if (out.media_type.empty() || out.media_type.size() > 255) return bad(".mediaType is missing or malformed");
  const std::string digest = string_member(value, "digest");
  if (digest.empty()) return bad(".digest is missing");
  auto parsed = Digest::parse(printable(digest, 100));
  if (!parsed) return std::move(parsed).error().within("manifest: " + where);
  out.digest = *parsed;
  const auto size = int_member(value, "size");
  // Sums of sizes must not overflow, whatever the number of layers.
  if (!size || *size < 0 || *size > kMaxBlobBytes) return bad(".size is missing or no size");
  out.size = *size;
  if (const auto* platform = member(value, "platform"); platform != nullptr && !platform->is_null()) {
    if (!platform->is_object()) return bad(".platform is no object");
    out.platform = Platform{string_member(*platform, "os"), string_member(*platform, "architecture"),
                            string_member(*platform, "variant")};
  }
  if (!parse_annotations(value, out.annotations)) return bad(".annotations is no object");
  return out;
}

bool is_attestation(const Descriptor& entry) {
  return (entry.platform && entry.platform->os == "unknown") ||
         entry.annotations.count("vnd.docker.reference.digest") != 0;
}

std::string layer_name(std::size_t number) {
  return "layers[" + std::to_string(number) + "]";
}

Result<void> check_layer_type(const std::string& type, const std::string& where) {
  if (type.find(".nondistributable.") != std::string::npos || type.find(".foreign.") != std::string::npos) {
    return fail(Code::kUnsupported, "manifest: " + where + " is a foreign layer (" + printable(type, 100) +
                                        "), which its maker distributes apart from the image");
  }
  const bool is_layer =
      type.starts_with("application/vnd.oci.image.layer.") || type.starts_with("application/vnd.docker.image.rootfs.");
  if (is_layer && !type.ends_with("+encrypted")) return {};
  return fail(Code::kUnsupported, "manifest: " + where + " is of the unsupported type " + printable(type, 100));
}

nlohmann::ordered_json to_json(const Descriptor& descriptor) {
  nlohmann::ordered_json out;
  out["mediaType"] = descriptor.media_type;
  out["digest"] = descriptor.digest.text();
  out["size"] = descriptor.size;
  if (!descriptor.annotations.empty()) out["annotations"] = descriptor.annotations;
  return out;
}

}  // namespace

bool is_index(std::string_view text, std::string_view media_type) {
  if (known(media_type)) return one_of(media_type, {kOciIndex, kDockerList});
  auto document = parse_document(text, "manifest");
  if (!document) return false;
  auto type = type_of(*document, media_type);
  return type && one_of(*type, {kOciIndex, kDockerList});
}

Result<Manifest> parse_artifact(std::string_view text, std::string_view media_type) {
  TRY_SET(const json document, parse_document(text, "manifest"));
  Manifest out;
  TRY_SET(out.media_type, type_of(document, media_type));
  if (one_of(out.media_type, {kDockerSchema1, kDockerSchema1Signed}))
    return fail(Code::kUnsupported, "manifest: Docker's schema 1 is not supported")
        .with_hint("push the image again with a current tool");
  if (!one_of(out.media_type, {kOciManifest, kDockerManifest}))
    return fail(Code::kInvalid,
                "manifest: its type is " + printable(out.media_type, 100) + ", not an image manifest's");
  if (int_member(document, "schemaVersion") != 2) return fail(Code::kInvalid, "manifest: schemaVersion is not 2");
  if (document.contains("manifests")) return fail(Code::kInvalid, "manifest: it has the members of an index too");
  const auto* config = member(document, "config");
  if (config == nullptr) return fail(Code::kInvalid, "manifest: config is missing");
  TRY_SET(out.config, parse_descriptor(*config, "config"));
  out.artifact_type = string_member(document, "artifactType");
  const auto* layers = member(document, "layers");
  if (layers == nullptr || !layers->is_array()) return fail(Code::kInvalid, "manifest: layers is missing or no array");
  for (std::size_t i = 0; i < layers->size(); ++i) {
    TRY_SET(auto layer, parse_descriptor((*layers)[i], layer_name(i)));
    out.layers.push_back(std::move(layer));
  }
  if (!parse_annotations(document, out.annotations)) return fail(Code::kInvalid, "manifest: annotations is no object");
  return out;
}

Result<Manifest> parse_manifest(std::string_view text, std::string_view media_type) {
  TRY_SET(Manifest out, parse_artifact(text, media_type));
  if (!one_of(out.config.media_type, {kOciConfig, kDockerConfig})) {
    const std::string& type = out.artifact_type.empty() ? out.config.media_type : out.artifact_type;
    return fail(Code::kUnsupported, "manifest: it is an artifact of type " + printable(type, 100) + ", not an image");
  }
  if (out.config.size > kMaxManifestBytes) return fail(Code::kInvalid, "manifest: config.size is too large");
  for (std::size_t i = 0; i < out.layers.size(); ++i) TRY(check_layer_type(out.layers[i].media_type, layer_name(i)));
  return out;
}

Result<Index> parse_index(std::string_view text, std::string_view media_type) {
  TRY_SET(const json document, parse_document(text, "manifest"));
  Index out;
  TRY_SET(out.media_type, type_of(document, media_type));
  if (!one_of(out.media_type, {kOciIndex, kDockerList}))
    return fail(Code::kInvalid, "manifest: its type is " + printable(out.media_type, 100) + ", not an index's");
  if (int_member(document, "schemaVersion") != 2) return fail(Code::kInvalid, "manifest: schemaVersion is not 2");
  if (document.contains("layers") || document.contains("config"))
    return fail(Code::kInvalid, "manifest: an index that has the members of an image too");
  const auto* manifests = member(document, "manifests");
  if (manifests == nullptr || !manifests->is_array())
    return fail(Code::kInvalid, "manifest: manifests is missing or no array");
  for (std::size_t i = 0; i < manifests->size(); ++i) {
    TRY_SET(auto entry, parse_descriptor((*manifests)[i], "manifests[" + std::to_string(i) + "]"));
    out.manifests.push_back(std::move(entry));
  }
  return out;
}

Result<Descriptor> choose(const Index& index, const Platform& wanted) {
  if (index.manifests.size() == 1 && (!index.manifests[0].platform || is_attestation(index.manifests[0])))
    return index.manifests[0];
  const Descriptor* best = nullptr;
  int best_distance = 0;
  std::vector<std::string> offered;
  for (const auto& entry : index.manifests) {
    if (!entry.platform || is_attestation(entry)) continue;
    const std::string name = printable(text(*entry.platform), 60);
    if (std::find(offered.begin(), offered.end(), name) == offered.end() && offered.size() < 30)
      offered.push_back(name);
    const int d = distance(wanted, *entry.platform);
    if (d >= 0 && (best == nullptr || d < best_distance)) {
      best = &entry;
      best_distance = d;
    }
  }
  if (best != nullptr) return *best;
  return fail(Code::kNotFound, "no image for platform " + text(wanted) + ": there is " +
                                   (offered.empty() ? "none for any" : join(offered, ", ")));
}

Result<std::vector<Digest>> diff_ids(std::string_view config_text) {
  TRY_SET(const json config, parse_document(config_text, "image configuration"));
  auto bad = [](const std::string& why) { return fail(Code::kInvalid, "image configuration: " + why); };
  const auto* rootfs = member(config, "rootfs");
  if (rootfs == nullptr || !rootfs->is_object()) return bad("rootfs is missing");
  if (string_member(*rootfs, "type") != "layers") return bad("rootfs.type is not \"layers\"");
  std::vector<Digest> out;
  const auto* ids = member(*rootfs, "diff_ids");
  // Images of no layers are written with null by Go programs.
  if (ids == nullptr || ids->is_null()) return out;
  if (!ids->is_array()) return bad("rootfs.diff_ids is no array");
  for (const auto& id : *ids) {
    if (!id.is_string()) return bad("rootfs.diff_ids holds what is no digest");
    auto digest = Digest::parse(printable(id.get_ref<const std::string&>(), 100));
    if (!digest) return std::move(digest).error().within("image configuration: rootfs.diff_ids");
    out.push_back(*digest);
  }
  return out;
}

std::string make_manifest(const Descriptor& config, const std::vector<Descriptor>& layers, bool docker,
                          const std::map<std::string, std::string>& annotations) {
  nlohmann::ordered_json out;
  out["schemaVersion"] = 2;
  out["mediaType"] = docker ? kDockerManifest : kOciManifest;
  out["config"] = to_json(config);
  out["layers"] = nlohmann::ordered_json::array();
  for (const auto& layer : layers) out["layers"].push_back(to_json(layer));
  if (!annotations.empty()) out["annotations"] = annotations;
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace creel::registry::oci
