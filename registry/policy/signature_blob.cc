#include "registry/policy/signature_blob.h"

#include <nlohmann/json.hpp>

#include "registry/encoding.h"
#include "registry/oci/json.h"
#include "registry/policy/registry_signatures.h"

namespace creel::registry::policy {

namespace {

Error unknown() {
  return fail(Code::kInvalid, "invalid signature: its format is unknown");
}

}  // namespace

SigstoreSignature with_annotations(std::string payload, const nlohmann::json* annotations) {
  SigstoreSignature out;
  out.payload = std::move(payload);
  if (annotations == nullptr) return out;
  out.signature = oci::string_member(*annotations, kSignatureAnnotation);
  out.certificate = oci::string_member(*annotations, "dev.sigstore.cosign/certificate");
  out.chain = oci::string_member(*annotations, "dev.sigstore.cosign/chain");
  out.bundle = oci::string_member(*annotations, "dev.sigstore.cosign/bundle");
  return out;
}

// A packet of OpenPGP, or a zero byte, the format's name, a line feed, and what it holds.
Result<void> add_blob(std::string bytes, Signatures& out) {
  if (!bytes.empty() && (bytes.front() & 0x80) != 0) {
    out.simple.push_back(std::move(bytes));
    return {};
  }
  const std::size_t line = bytes.find('\n');
  if (bytes.empty() || bytes.front() != '\0' || line == std::string::npos) return unknown();
  const std::string format = bytes.substr(1, line - 1);
  std::string content = bytes.substr(line + 1);
  if (format == "simple-signing") {
    out.simple.push_back(std::move(content));
    return {};
  }
  if (format != "sigstore-json") return unknown();
  const auto document = oci::parse_strict_json(content);
  auto payload = base64_decode(oci::string_member(document, "payload"));
  if (!payload || oci::string_member(document, "mimeType") != kSigstoreLayer) return unknown();
  out.sigstore.push_back(with_annotations(std::move(*payload), oci::member(document, "annotations")));
  return {};
}

}  // namespace creel::registry::policy
