// OpenPGP signed messages, by GnuPG's own programs as children: this process parses no OpenPGP. Keys and messages go
// to them in memory, so that no home directory, agent or temporary file is touched when verifying.
// Thread-safe. kUnavailable where the program is not installed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace creel::registry::policy {

// The content of the signed message `message`, if exactly one signature is on it, good, by one of the keys in
// `keyrings` (each armored or binary), neither expired nor revoked. kDenied says why not. Runs gpgv.
Result<std::string> verify_message(const std::vector<std::string>& keyrings, const std::string& message);

// `content` as a message signed by `key` (what gpg understands: a fingerprint, an address) of the caller's own keyring.
// `passphrase`: empty: gpg's agent knows it, or asks. Runs gpg.
Result<std::string> sign_message(const std::string& key, const std::string& passphrase, const std::string& content);

// A binary keyring out of an armored or binary one; kInvalid for what is neither.
Result<std::string> dearmor(std::string_view keyring);

}  // namespace creel::registry::policy
