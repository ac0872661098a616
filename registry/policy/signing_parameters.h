// Files of --sign-by-sigstore, containers-sigstore-signing-params.yaml(5).
#pragma once

#include <string>

#include "base/result.h"

namespace creel::registry::policy {

struct SigningParameters {
  std::string key_file, passphrase_file;  // the latter may be empty
};
// `file` names it in errors. kInvalid; kUnsupported for certificates of Fulcio and logs of Rekor.
Result<SigningParameters> parse_signing_parameters(const std::string& text, const std::string& file);

}  // namespace creel::registry::policy
