// What refers to an image: signatures, attestations and other artifacts, whose manifests have it as their `subject`
// (OCI image and distribution specifications 1.1). Pure data: hostile JSON in, checked values out. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/oci/manifest.h"

namespace creel::registry::oci {

struct Referrer {
  Descriptor descriptor;
  std::string artifact_type;  // as the manifest says, else its configuration's media type; hostile text
};
// Of one image, no more are looked at.
inline constexpr std::size_t kMaxReferrers = 1000;

// The entries of an index of referrers, at most kMaxReferrers. kInvalid: it is no index.
Result<std::vector<Referrer>> parse_referrers(std::string_view index);
// The `subject` of a manifest or index; nullopt where there is none, or none that is well-formed.
std::optional<Descriptor> subject_of(std::string_view manifest);
// What an index of referrers says of that manifest or index.
Referrer describe_referrer(std::string_view manifest, std::string_view media_type, const Digest& digest);
// The tag under which registries without the referrers API have that index: "sha256-<hex>".
std::string referrers_tag(const Digest& subject);
// That index with one more entry; all else in it stays. An empty text is no index yet. kInvalid: it is something else;
// kInvalid too where there would be too many entries.
Result<std::string> with_referrer(std::string_view index, const Referrer& added);

}  // namespace creel::registry::oci
