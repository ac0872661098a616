// JSON of registries and images, and of the runtime's callers.
#include "engine/image/image_config.h"
#include "engine/runtime/compile.h"
#include "engine/runtime/spec_json.h"
#include "registry/oci/referrers.h"
#include "targets.h"

namespace creel::fuzz {

namespace oci = registry::oci;

void fuzz_manifest(const std::string& input) {
  for (const char* type : {"", oci::kOciManifest, oci::kOciIndex, oci::kDockerManifest, oci::kDockerList}) {
    (void)oci::is_index(input, type);
    const auto manifest = oci::parse_manifest(input, type);
    const auto index = oci::parse_index(input, type);
    // The same bytes must not be two things: CVE-2021-41190.
    must(!manifest.ok() || !index.ok(), "a document is both a manifest and an index");
    if (manifest.ok()) {
      for (const oci::Descriptor& layer : manifest->layers)
        must(layer.size >= 0 && layer.size <= oci::kMaxBlobBytes && !layer.digest.empty(), "a layer without bounds");
      const std::string made = oci::make_manifest(manifest->config, manifest->layers, false);
      must(oci::parse_manifest(made, oci::kOciManifest).ok(), "a manifest that is made is not read back");
    }
    if (index.ok()) (void)oci::choose(*index, {"linux", "amd64", ""});
  }
  (void)oci::diff_ids(input);
  (void)oci::subject_of(input);
  const oci::Referrer added = oci::describe_referrer(input, oci::kOciManifest, *Digest::from_hex(std::string(64, 'a')));
  if (const auto index = oci::with_referrer(input, added); index.ok())
    must(oci::parse_referrers(*index).ok(), "an index of referrers that is written is not read back");
}

void fuzz_image_config(const std::string& input) {
  (void)engine::parse_image_config(input);
  (void)oci::diff_ids(input);
}

void fuzz_runtime_config(const std::string& input) {
  const auto spec = engine::runtime::spec_from_json(input);
  if (spec.ok()) {
    const auto text = engine::runtime::to_json_text(*spec);
    if (text.ok())
      must(engine::runtime::spec_from_json(*text).ok(), "a configuration that is written is not read back");
  }
  (void)engine::runtime::process_from_json(input);
  (void)engine::runtime::resources_from_json(input);
}

}  // namespace creel::fuzz
