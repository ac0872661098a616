#include "engine/image/transfer/sign.h"

#include <sys/mman.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/transfer/install.h"
#include "engine/json.h"
#include "registry/archive/file_set.h"
#include "registry/oci/json.h"
#include "registry/policy/gpg.h"
#include "registry/policy/payload.h"
#include "registry/policy/registry_signatures.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
namespace policy = registry::policy;
using nlohmann::json;

namespace {

constexpr std::int64_t kNsPerSecond = 1000000000;

Result<oci::Descriptor> upload(registry::Client& client, const std::string& path, const std::string& bytes,
                               const char* media_type) {
  auto file = std::make_shared<Fd>(memfd_create("blob", MFD_CLOEXEC));
  if (file->get() < 0) return errno_error("making a file in memory");
  TRY(write_all(file->get(), bytes));
  oci::Descriptor out{.media_type = media_type, .digest = text_blob(bytes).digest, .size = std::ssize(bytes)};
  TRY_SET(const bool there, client.has_blob(path, out.digest));
  if (!there) TRY(client.upload(path, out, {std::move(file), 0, out.size}, [](std::int64_t) {}));
  return out;
}

json to_json(const oci::Descriptor& descriptor) {
  return {{"mediaType", descriptor.media_type}, {"digest", descriptor.digest.text()}, {"size", descriptor.size}};
}

}  // namespace

Result<Signer> Signer::open(const Engine& engine, const registry::Location& location, const SignOptions& options) {
  if (location.transport != registry::Transport::kRegistry)
    return fail(Code::kUnsupported, "signatures go beside images in registries alone");
  TRY_SET(const Reference destination, parse_reference(location.reference));
  Signer out;
  out.destination_ = destination;
  out.openpgp_key_ = options.openpgp_key;
  if (destination.tag.empty()) return fail(Code::kInvalid, "a signature is for a tag, and none is given");
  if (!options.passphrase_file.empty()) {
    auto text = read_file(options.passphrase_file, 64 << 10);
    if (!text) return std::move(text).error().within("reading the passphrase");
    out.passphrase_ = cut(*text, '\n').before;
  }
  const policy::Origin origin = policy::registry_origin(destination.domain, destination.path, ":" + destination.tag);
  TRY_SET(const policy::SignatureStores stores, policy::SignatureStores::load(engine.rootless()));
  if (!options.openpgp_key.empty()) {
    out.lookaside_ = stores.writing(origin);
    auto writable = policy::file_of_url(out.lookaside_);
    if (!writable)
      return std::move(writable)
          .error()
          .within("signing " + destination.text())
          .with_hint("signatures are written to files: set lookaside-staging in registries.d");
  }
  if (!options.sigstore_key.empty()) {
    if (!stores.attachments(origin))
      return fail(Code::kInvalid, "registries.d does not allow sigstore attachments")
          .with_hint("set use-sigstore-attachments: true for " + destination.domain +
                     ", see containers-registries.d(5)");
    TRY_SET(const std::string pem, read_file(options.sigstore_key, 1 << 20));
    auto key = policy::PrivateKey::parse(pem, out.passphrase_);
    if (!key) return std::move(key).error().within("the signing key " + options.sigstore_key);
    out.sigstore_key_ = std::move(*key);
  }
  return out;
}

Result<void> Signer::sign(const registry::ClientOptions& options, const Digest& manifest) const {
  if (!openpgp_key_.empty()) TRY(sign_openpgp(manifest));
  if (!sigstore_key_) return {};
  TRY_SET(const auto client, registry::Client::open(destination_.domain, options));
  return attach(*client, manifest);
}

Result<void> Signer::sign_openpgp(const Digest& manifest) const {
  const std::string payload =
      policy::make_payload({manifest, destination_.text()}, policy::PayloadKind::kSimple, now_ns() / kNsPerSecond);
  TRY_SET(const std::string message, policy::sign_message(openpgp_key_, passphrase_, payload));
  for (int number = 1; number <= policy::kMostSignatures; ++number) {
    TRY_SET(const std::string file,
            policy::file_of_url(policy::lookaside_url(lookaside_, destination_.path, manifest, number)));
    if (path_exists(file)) continue;
    TRY(make_dirs(file.substr(0, file.rfind('/')), 0755));
    return write_atomic(file, message, 0644);
  }
  return fail(Code::kFailed, "there are too many signatures already");
}

Result<void> Signer::attach(registry::Client& client, const Digest& manifest) const {
  const std::string payload =
      policy::make_payload({manifest, destination_.text()}, policy::PayloadKind::kSigstore, now_ns() / kNsPerSecond);
  TRY_SET(const std::string signature, sigstore_key_->sign(payload));
  const std::string& path = destination_.path;
  const std::string tag = policy::attachment_tag(manifest);
  json layers = json::array();
  auto known = client.manifest(path, tag);
  if (known) {
    const json document = oci::parse_strict_json(known->text);
    const json* there = oci::member(document, "layers");
    if (there == nullptr || !there->is_array()) return fail(Code::kInvalid, tag + " is there and holds no signatures");
    layers = *there;
  } else if (known.error().code != Code::kNotFound) {
    return std::move(known).error();
  }
  if (std::ssize(layers) >= policy::kMostSignatures)
    return fail(Code::kFailed, "there are too many signatures already");
  TRY_SET(const oci::Descriptor layer, upload(client, path, payload, policy::kSigstoreLayer));
  json entry = to_json(layer);
  entry["annotations"] = {{policy::kSignatureAnnotation, signature}};
  layers.push_back(std::move(entry));
  json diff_ids = json::array();
  for (const json& one : layers) diff_ids.push_back(oci::string_member(one, "digest"));
  const std::string config = dump_json({{"architecture", ""},
                                        {"os", ""},
                                        {"config", json::object()},
                                        {"rootfs", {{"type", "layers"}, {"diff_ids", std::move(diff_ids)}}}});
  TRY_SET(const oci::Descriptor config_blob, upload(client, path, config, oci::kOciConfig));
  const std::string text = dump_json({{"schemaVersion", 2},
                                      {"mediaType", oci::kOciManifest},
                                      {"config", to_json(config_blob)},
                                      {"layers", std::move(layers)}});
  return client.put_manifest(path, tag, text, oci::kOciManifest);
}

}  // namespace creel::engine::transfer
