// Verifying sigstore (cosign) signatures with OpenSSL: by public keys, or by short-lived certificates of Fulcio that
// the transparency log Rekor has seen. Pure: no network; everything but keys and authorities is hostile. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace creel::registry::policy {

// One layer of an attachment ("sha256-….sig"), with its annotations.
struct SigstoreSignature {
  std::string payload;      // the layer's bytes
  std::string signature;    // dev.cosignproject.cosign/signature: base64
  std::string certificate;  // dev.sigstore.cosign/certificate: PEM, or empty
  std::string chain;        // dev.sigstore.cosign/chain: PEM, or empty
  std::string bundle;       // dev.sigstore.cosign/bundle: JSON, or empty
};

struct SigstoreTrust {
  std::vector<std::string> keys;         // PEM; empty: the certificate's
  std::vector<std::string> authorities;  // PEM bundles of Fulcio
  std::string oidc_issuer, subject_email;
  std::vector<std::string> rekor;  // PEM; empty: no log is asked for
};

// Whether the payload's bytes were signed as `trust` demands. kDenied says why not; kInvalid: a key of ours is none.
Result<void> verify_sigstore(const SigstoreTrust& trust, const SigstoreSignature& signature);

}  // namespace creel::registry::policy
