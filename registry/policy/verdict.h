// Whether an image may be used: a policy's requirements against the signatures on its manifest. Reads the keys that the
// policy names; everything else it is given. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "registry/policy/name.h"
#include "registry/policy/policy.h"
#include "registry/policy/sigstore.h"

namespace creel::registry::policy {

// Where the signatures on a manifest are found. Asked only where a requirement needs them. An absence of signatures is
// no error.
struct SignatureSource {
  virtual ~SignatureSource() = default;
  // OpenPGP signed messages ("simple signing").
  virtual Result<std::vector<std::string>> simple(const Digest& manifest) = 0;
  virtual Result<std::vector<SigstoreSignature>> sigstore(const Digest& manifest) = 0;
};

struct Subject {
  std::optional<Name> name;     // as which it was asked for
  std::vector<Digest> digests;  // of its manifest (computed by us); then of an index that names that one, if any
  std::string text;             // for errors
};

// kDenied says which requirement is not met, and why.
Result<void> check(const Requirements& requirements, const Subject& subject, SignatureSource& signatures,
                   const ParseName& parse);

}  // namespace creel::registry::policy
