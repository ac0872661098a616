// pull: an image from a registry.
#include "engine/image/transfer/endpoint_registry.h"
#include "engine/image/transfer/receive.h"

namespace creel::engine::transfer {

Result<std::string> pull(Engine& engine, const std::string& given, const RegistryOptions& options, Progress& progress) {
  TRY_SET(const Reference reference, parse_reference(given));
  progress.message("Trying to pull " + reference.text() + "...");
  registry::Location location;
  location.reference = reference.text();
  TRY_SET(const auto source, registry_source(location, options));
  TRY_SET(const Trust trust, Trust::open(engine, options.signature_policy));
  const Gate allowed = [&](const std::vector<Digest>& digests) {
    return trust.check(reference, client_options(options), digests);
  };
  const Reception how{options.platform, source->names(), {reference.repository()}, allowed};
  auto id = receive(engine, *source, how, progress);
  if (!id.ok()) return std::move(id).error().within("pulling " + reference.text());
  return id;
}

Result<std::vector<std::string>> remote_tags(const std::string& given, const RegistryOptions& options) {
  TRY_SET(Reference reference, parse_reference(given));
  if (!reference.digest.empty() || given.ends_with(":" + reference.tag)) {
    return fail(Code::kInvalid, given + ": a tag or digest can't be used with --all-tags");
  }
  TRY_SET(const auto client, registry::Client::open(reference.domain, client_options(options)));
  TRY_SET(const auto tags, client->tags(reference.path));
  std::vector<std::string> out;
  for (const std::string& tag : tags) {
    reference.tag = tag;
    // They become names of images here.
    TRY_SET(const Reference one, parse_reference(reference.text()));
    out.push_back(one.text());
  }
  return out;
}

}  // namespace creel::engine::transfer
