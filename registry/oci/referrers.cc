#include "registry/oci/referrers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "registry/oci/json.h"

namespace creel::registry::oci {

using nlohmann::ordered_json;

namespace {

ordered_json to_json(const Referrer& referrer) {
  const Descriptor& from = referrer.descriptor;
  ordered_json out = {{"mediaType", from.media_type}, {"digest", from.digest.text()}, {"size", from.size}};
  if (!referrer.artifact_type.empty()) out["artifactType"] = referrer.artifact_type;
  if (!from.annotations.empty()) out["annotations"] = from.annotations;
  return out;
}

}  // namespace

Result<std::vector<Referrer>> parse_referrers(std::string_view text) {
  TRY_SET(Index index, parse_index(text, {}));
  const auto document = parse_json(text);
  const auto& entries = *member(document, "manifests");
  std::vector<Referrer> out;
  for (std::size_t i = 0; i < index.manifests.size() && i < kMaxReferrers; ++i) {
    out.push_back({std::move(index.manifests[i]), string_member(entries[i], "artifactType")});
  }
  return out;
}

std::optional<Descriptor> subject_of(std::string_view manifest) {
  const auto document = parse_json(manifest);
  const auto* subject = member(document, "subject");
  if (subject == nullptr) return std::nullopt;
  auto digest = Digest::parse(string_member(*subject, "digest"));
  if (!digest.ok()) return std::nullopt;
  return Descriptor{.media_type = string_member(*subject, "mediaType"),
                    .digest = *digest,
                    .size = int_member(*subject, "size").value_or(0)};
}

Referrer describe_referrer(std::string_view manifest, std::string_view media_type, const Digest& digest) {
  const auto document = parse_json(manifest);
  Referrer out{{.media_type = std::string(media_type), .digest = digest, .size = std::ssize(manifest)},
               string_member(document, "artifactType")};
  if (const auto* config = member(document, "config"); config != nullptr && out.artifact_type.empty()) {
    out.artifact_type = string_member(*config, "mediaType");
  }
  if (const auto* annotations = member(document, "annotations"); annotations != nullptr && annotations->is_object()) {
    for (const auto& [key, text] : annotations->items()) {
      if (text.is_string()) out.descriptor.annotations[key] = text.get<std::string>();
    }
  }
  return out;
}

std::string referrers_tag(const Digest& subject) {
  return "sha256-" + subject.hex();
}

Result<std::string> with_referrer(std::string_view text, const Referrer& added) {
  ordered_json index = {{"schemaVersion", 2}, {"mediaType", kOciIndex}, {"manifests", ordered_json::array()}};
  if (!text.empty()) {
    TRY_SET(const Index parsed, parse_index(text, {}));
    const bool there = std::any_of(parsed.manifests.begin(), parsed.manifests.end(),
                                   [&](const Descriptor& one) { return one.digest == added.descriptor.digest; });
    if (there) return std::string(text);
    // Valid: parse_index has read it.
    index = ordered_json::parse(text.begin(), text.end(), nullptr, false);
    // It refers to nothing itself; one that says so would have to be entered elsewhere in turn.
    index.erase("subject");
  }
  index["manifests"].push_back(to_json(added));
  std::string out = index.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  if (std::ssize(out) > kMaxManifestBytes) return fail(Code::kInvalid, "the index of referrers would be too large");
  return out;
}

}  // namespace creel::registry::oci
