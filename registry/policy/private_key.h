// The private key of a sigstore signer: cosign's encrypted kind, or PKCS #8 in PEM, encrypted or not. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;

namespace creel::registry::policy {

class PrivateKey {
 public:
  // kInvalid: no such key; kDenied: the passphrase does not open it. Neither tells anything of either.
  static Result<PrivateKey> parse(std::string_view pem, const std::string& passphrase);
  // A signature with SHA-256 (Ed25519: without), as base64.
  [[nodiscard]] Result<std::string> sign(std::string_view content) const;

 private:
  explicit PrivateKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace creel::registry::policy
