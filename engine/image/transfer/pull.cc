// pull: an image from a registry.
#include "base/file.h"
#include "engine/image/image_config.h"
#include "engine/image/transfer/install.h"
#include "registry/client.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;

namespace {

constexpr std::int64_t kConfigLimit = 8 << 20;

class RegistryBlobs : public BlobSource {
 public:
  RegistryBlobs(registry::Client& client, std::string path) : client_(client), path_(std::move(path)) {}
  Result<void> fetch(const oci::Descriptor& blob, const Sink& sink) override {
    // Hashed on the way into the store.
    return client_.blob(path_, blob, sink, true);
  }

 private:
  registry::Client& client_;
  std::string path_;
};

// The manifest for the platform, through an index where there is one.
Result<Incoming> resolve(registry::Client& client, const Reference& reference, const oci::Platform& platform) {
  Incoming out;
  const std::string wanted = reference.digest.empty() ? reference.tag : reference.digest.text();
  TRY_SET(registry::FetchedManifest fetched, client.manifest(reference.path, wanted));
  if (oci::is_index(fetched.text, fetched.media_type)) {
    TRY_SET(const oci::Index index, oci::parse_index(fetched.text, fetched.media_type));
    TRY_SET(const oci::Descriptor chosen, oci::choose(index, platform));
    out.index = text_blob(std::move(fetched.text));
    TRY_SET(fetched, client.manifest(reference.path, chosen.digest.text()));
    if (oci::is_index(fetched.text, fetched.media_type)) {
      return fail(Code::kUnsupported, "the index names another index, " + chosen.digest.text());
    }
  }
  TRY_SET(out.manifest, oci::parse_manifest(fetched.text, fetched.media_type));
  out.manifest_text = text_blob(std::move(fetched.text));
  return out;
}

Result<Text> fetch_config(Engine& engine, registry::Client& client, const std::string& path,
                          const oci::Descriptor& config) {
  if (config.size > kConfigLimit) {
    return fail(Code::kInvalid,
                "the image's configuration has " + std::to_string(config.size) + " bytes, more than is reasonable");
  }
  TRY_SET(storage::Store * store, engine.store());
  if (auto kept = store->open_blob(config.digest); kept.ok()) {
    if (auto bytes = read_all(kept->get(), kConfigLimit + 1); bytes.ok()) {
      Text text = text_blob(std::move(*bytes));
      if (text.digest == config.digest) return text;
    }
  }
  std::string bytes;
  TRY(client.blob(path, config, [&](std::string_view part) -> Result<void> {
    if (std::ssize(bytes) + std::ssize(part) > config.size)
      return fail(Code::kInvalid, "the image's configuration is longer than its descriptor says");
    bytes.append(part);
    return {};
  }));
  Text text = text_blob(std::move(bytes));
  if (text.digest != config.digest)
    return fail(Code::kInvalid,
                "digest mismatch: the configuration " + config.digest.text() + " has " + text.digest.text());
  return text;
}

// Without an index there is no choice; that what came will not run is said, not refused.
Result<void> warn_of_platform(const Engine& engine, const Text& text, const Platform& wanted) {
  TRY_SET(const ImageConfig config, parse_image_config(text.bytes));
  if (config.os == wanted.os && config.architecture == wanted.architecture) return {};
  if (config.architecture.empty()) return {};
  engine.warn("image platform (" + config.os + "/" + config.architecture + ") does not match the expected platform (" +
              wanted.os + "/" + wanted.architecture + ")");
  return {};
}

Result<std::string> pull_reference(Engine& engine, const Reference& reference, const RegistryOptions& options,
                                   Progress& progress) {
  registry::ClientOptions client_options;
  client_options.authfile = options.authfile;
  client_options.creds = options.creds;
  client_options.cert_dir = options.cert_dir;
  client_options.tls_verify = options.tls_verify;
  client_options.retries = options.retries;
  client_options.retry_delay_ms = options.retry_delay_ms;
  TRY_SET(const auto client, registry::Client::open(reference.domain, client_options));
  TRY_SET(const Platform platform, parse_platform(options.platform));
  TRY_SET(Incoming image, resolve(*client, reference, {platform.os, platform.architecture, platform.variant}));
  TRY_SET(image.config, fetch_config(engine, *client, reference.path, image.manifest.config));
  TRY(warn_of_platform(engine, image.config, platform));
  if (reference.digest.empty()) image.names.push_back(reference.repository() + ":" + reference.tag);
  image.digests.push_back(reference.repository() + "@" + image.manifest_text.digest.text());
  if (!image.index.digest.empty()) image.digests.push_back(reference.repository() + "@" + image.index.digest.text());
  RegistryBlobs blobs(*client, reference.path);
  return install(engine, image, blobs, progress);
}

}  // namespace

Result<std::string> pull(Engine& engine, const std::string& given, const RegistryOptions& options, Progress& progress) {
  TRY_SET(const Reference reference, parse_reference(given));
  progress.message("Trying to pull " + reference.text() + "...");
  auto id = pull_reference(engine, reference, options, progress);
  if (!id.ok()) return std::move(id).error().within("pulling " + reference.text());
  return id;
}

}  // namespace creel::engine::transfer
