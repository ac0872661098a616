// Signatures as they are kept in files: containers/image's "signature-N", of either kind. Hostile; pure; thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/policy/sigstore.h"

namespace creel::registry::policy {

struct Signatures {
  std::vector<std::string> simple;  // OpenPGP signed messages
  std::vector<SigstoreSignature> sigstore;
};

// cosign's annotations beside a payload; null: there are none.
SigstoreSignature with_annotations(std::string payload, const nlohmann::json* annotations);

// Adds what the file holds. kInvalid: neither an OpenPGP message nor a format that is known.
Result<void> add_blob(std::string bytes, Signatures& out);

}  // namespace creel::registry::policy
