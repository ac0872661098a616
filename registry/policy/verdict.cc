#include "registry/policy/verdict.h"

#include "base/file.h"
#include "base/text.h"
#include "registry/oci/json.h"
#include "registry/policy/gpg.h"
#include "registry/policy/payload.h"

namespace creel::registry::policy {

namespace {

constexpr std::size_t kLargestKey = 16 << 20;

Result<std::vector<std::string>> read_keys(const Keys& keys) {
  std::vector<std::string> out = keys.data;
  for (const std::string& path : keys.paths) {
    auto bytes = read_file(path, kLargestKey);
    if (!bytes) return std::move(bytes).error().within("reading a key of the signature policy");
    out.push_back(std::move(*bytes));
  }
  return out;
}

// What is said by a signature that was verified.
Result<void> check_payload(const Requirement& requirement, const std::string& text, PayloadKind kind,
                           const Subject& subject, const Digest& digest, const ParseName& parse) {
  TRY_SET(const Payload payload, parse_payload(text, kind));
  if (!matches(requirement.identity, subject.name, payload.reference, parse))
    return fail(Code::kDenied,
                "the signature for identity " + oci::printable(payload.reference, 200) + " is not accepted");
  if (payload.manifest != digest)
    return fail(Code::kDenied, "the signature for digest " + payload.manifest.text() + " does not match");
  return {};
}

// One good signature is enough; without any, all reasons are told.
class Search {
 public:
  // Whether it is the one.
  bool take(const Result<void>& result) {
    if (!result) reasons_.push_back(result.error().text);
    return result.ok();
  }
  [[nodiscard]] Error failed() const {
    if (reasons_.empty()) return fail(Code::kDenied, "a signature was required, but no signature exists");
    if (reasons_.size() == 1) return fail(Code::kDenied, reasons_.front());
    return fail(Code::kDenied, "none of the signatures were accepted, reasons: " + join(reasons_, "; "));
  }

 private:
  std::vector<std::string> reasons_;
};

Result<void> check_signed_by(const Requirement& requirement, const Subject& subject, SignatureSource& signatures,
                             const ParseName& parse) {
  TRY_SET(const auto keys, read_keys(requirement.keys));
  Search search;
  for (const Digest& digest : subject.digests) {
    TRY_SET(const auto messages, signatures.simple(digest));
    for (const std::string& message : messages) {
      auto content = verify_message(keys, message);
      // A missing program and the like are no verdict on the signature.
      if (!content && content.error().code != Code::kDenied && content.error().code != Code::kInvalid)
        return std::move(content).error();
      if (search.take(content ? check_payload(requirement, *content, PayloadKind::kSimple, subject, digest, parse)
                              : Result<void>(content.error())))
        return {};
    }
  }
  return search.failed();
}

Result<void> check_sigstore(const Requirement& requirement, const Subject& subject, SignatureSource& signatures,
                            const ParseName& parse) {
  SigstoreTrust trust;
  TRY_SET(trust.keys, read_keys(requirement.keys));
  TRY_SET(trust.rekor, read_keys(requirement.rekor));
  if (requirement.fulcio) {
    TRY_SET(trust.authorities, read_keys(requirement.fulcio->authorities));
    trust.oidc_issuer = requirement.fulcio->oidc_issuer;
    trust.subject_email = requirement.fulcio->subject_email;
  }
  Search search;
  for (const Digest& digest : subject.digests) {
    TRY_SET(const auto found, signatures.sigstore(digest));
    for (const SigstoreSignature& signature : found) {
      auto verified = verify_sigstore(trust, signature);
      if (verified)
        verified = check_payload(requirement, signature.payload, PayloadKind::kSigstore, subject, digest, parse);
      if (search.take(verified)) return {};
    }
  }
  return search.failed();
}

}  // namespace

Result<void> check(const Requirements& requirements, const Subject& subject, SignatureSource& signatures,
                   const ParseName& parse) {
  using Kind = Requirement::Kind;
  const auto rejected = [&](Error error) {
    if (error.code != Code::kDenied) return error;
    return std::move(error).within("source image rejected");
  };
  // An empty list would otherwise accept everything.
  if (requirements.empty()) return rejected(fail(Code::kDenied, "the policy has no requirements for it"));
  for (const Requirement& requirement : requirements) {
    Result<void> met;
    switch (requirement.kind) {
      case Kind::kAcceptAnything:
        break;
      case Kind::kSignedBy:
        met = check_signed_by(requirement, subject, signatures, parse);
        break;
      case Kind::kSigstoreSigned:
        met = check_sigstore(requirement, subject, signatures, parse);
        break;
      case Kind::kSignedBaseLayer:
        met = fail(Code::kDenied, "signedBaseLayer is not supported");
        break;
      default:
        met = fail(Code::kDenied, "running image " + subject.text + " is rejected by policy");
    }
    if (!met) return rejected(std::move(met).error());
  }
  return {};
}

}  // namespace creel::registry::policy
