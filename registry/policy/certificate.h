// Fulcio's certificates: valid for minutes, for whoever an OIDC issuer said was there. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/policy/public_key.h"

namespace creel::registry::policy {

struct CertificateDemands {
  std::vector<std::string> authorities;  // PEM bundles; each certificate in them is trusted
  std::string oidc_issuer, subject_email;
  std::int64_t time = 0;  // when it must have been valid; seconds since the epoch
};

// The key of `certificate`, which with the intermediate ones in `chain` leads to an authority, may sign code, and names
// the person and the issuer. kDenied says what is missing; kInvalid: an authority of ours is none.
Result<PublicKey> verified_certificate(const CertificateDemands& demands, const std::string& certificate,
                                       const std::string& chain);

}  // namespace creel::registry::policy
