#include "registry/policy/sigstore.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "registry/encoding.h"
#include "registry/oci/json.h"
#include "registry/policy/certificate.h"
#include "registry/policy/public_key.h"
#include "registry/sha256.h"

namespace creel::registry::policy {

namespace {

using nlohmann::json;

Error denied(const std::string& why) {
  return fail(Code::kDenied, "the sigstore signature is not accepted: " + why);
}

// What the log's signed entry says, once its signature was verified.
struct LogEntry {
  std::int64_t time = 0;       // seconds since the epoch
  std::string payload_sha256;  // hex
  std::string signature;       // base64
  std::string key;             // PEM of the key or certificate
};

// The entry's body: rekor's "hashedrekord" of version 0.0.1.
std::optional<LogEntry> parse_body(const std::string& text) {
  const json body = oci::parse_strict_json(text);
  if (oci::string_member(body, "kind") != "hashedrekord" || oci::string_member(body, "apiVersion") != "0.0.1")
    return std::nullopt;
  const json* spec = oci::member(body, "spec");
  const json* data = spec == nullptr ? nullptr : oci::member(*spec, "data");
  const json* hash = data == nullptr ? nullptr : oci::member(*data, "hash");
  const json* signature = spec == nullptr ? nullptr : oci::member(*spec, "signature");
  const json* key = signature == nullptr ? nullptr : oci::member(*signature, "publicKey");
  if (hash == nullptr || key == nullptr || oci::string_member(*hash, "algorithm") != "sha256") return std::nullopt;
  auto pem = base64_decode(oci::string_member(*key, "content"));
  if (!pem) return std::nullopt;
  return LogEntry{0, oci::string_member(*hash, "value"), oci::string_member(*signature, "content"), std::move(*pem)};
}

Result<LogEntry> verify_log(const std::vector<std::string>& rekor, const std::string& bundle) {
  const json document = oci::parse_strict_json(bundle);
  const json* payload = oci::member(document, "Payload");
  const auto promise = base64_decode(oci::string_member(document, "SignedEntryTimestamp"));
  if (payload == nullptr || !promise) return denied("its log entry is missing or malformed");
  const auto time = oci::int_member(*payload, "integratedTime"), index = oci::int_member(*payload, "logIndex");
  const std::string body = oci::string_member(*payload, "body"), log = oci::string_member(*payload, "logID");
  if (!time || !index || body.empty() || log.empty() || payload->size() != 4)
    return denied("its log entry is malformed");
  // The log has signed exactly these members, in this order and without blanks (RFC 8785).
  const std::string signed_text =
      json{{"body", body}, {"integratedTime", *time}, {"logID", log}, {"logIndex", *index}}.dump();
  bool seen = false;
  for (const std::string& pem : rekor) {
    TRY_SET(const PublicKey key, PublicKey::parse(pem, "the transparency log's key"));
    seen = seen || key.verifies(signed_text, *promise);
  }
  if (!seen) return denied("its log entry is not signed by the transparency log");
  const auto text = base64_decode(body);
  auto entry = text ? parse_body(*text) : std::nullopt;
  if (!entry) return denied("its log entry is of another kind");
  entry->time = *time;
  return std::move(*entry);
}

}  // namespace

Result<void> verify_sigstore(const SigstoreTrust& trust, const SigstoreSignature& signature) {
  const auto bytes = base64_decode(signature.signature);
  if (!bytes || bytes->empty()) return denied("it is no base64");
  std::optional<LogEntry> entry;
  if (!trust.rekor.empty()) {
    TRY_SET(LogEntry found, verify_log(trust.rekor, signature.bundle));
    if (found.payload_sha256 != Sha256::of(signature.payload).hex() || found.signature != signature.signature)
      return denied("its log entry is that of another signature");
    entry = std::move(found);
  }
  std::vector<PublicKey> keys;
  if (trust.keys.empty()) {
    if (!entry) return denied("no log says when its certificate signed");
    auto key = verified_certificate({trust.authorities, trust.oidc_issuer, trust.subject_email, entry->time},
                                    signature.certificate, signature.chain);
    if (!key) return std::move(key).error();
    keys.push_back(std::move(*key));
  } else {
    for (const std::string& pem : trust.keys) {
      TRY_SET(PublicKey key, PublicKey::parse(pem, "the policy's sigstore key"));
      keys.push_back(std::move(key));
    }
  }
  for (const PublicKey& key : keys) {
    if (!key.verifies(signature.payload, *bytes)) continue;
    if (entry && !key.is_in(entry->key)) return denied("its log entry is that of another key");
    return {};
  }
  return denied("it was made by another key, or for another content");
}

}  // namespace creel::registry::policy
