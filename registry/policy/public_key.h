// One public key of a sigstore signer: ECDSA, RSA (PKCS #1 v1.5) with SHA-256, or Ed25519. Immutable; thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;
struct x509_st;

namespace creel::registry::policy {

class PublicKey {
 public:
  // "-----BEGIN PUBLIC KEY-----". kInvalid names `what`.
  static Result<PublicKey> parse(const std::string& pem, const char* what);
  // That of a certificate.
  static Result<PublicKey> of(const x509_st* certificate);

  [[nodiscard]] bool verifies(std::string_view content, std::string_view signature) const;
  // Whether `pem` is this key, or, where it came from a certificate, that very certificate.
  [[nodiscard]] bool is_in(const std::string& pem) const;

 private:
  explicit PublicKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
  std::string certificate_;  // DER; empty: a key by itself
};

}  // namespace creel::registry::policy
