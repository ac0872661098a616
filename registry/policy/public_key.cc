#include "registry/policy/public_key.h"

#include "registry/policy/openssl_types.h"

namespace creel::registry::policy {

namespace {

std::string der_of(const X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return out;
}

}  // namespace

Result<PublicKey> PublicKey::parse(const std::string& pem, const char* what) {
  std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PUBKEY(reader(pem).get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
  if (key == nullptr) return fail(Code::kInvalid, std::string(what) + " is no public key in PEM");
  return PublicKey(std::move(key));
}

Result<PublicKey> PublicKey::of(const x509_st* certificate) {
  std::shared_ptr<EVP_PKEY> key(X509_get_pubkey(const_cast<X509*>(certificate)), EVP_PKEY_free);
  if (key == nullptr) return fail(Code::kDenied, "the certificate has no public key that is known");
  PublicKey out(std::move(key));
  out.certificate_ = der_of(certificate);
  return out;
}

bool PublicKey::verifies(std::string_view content, std::string_view signature) const {
  const DigestContext context(EVP_MD_CTX_new());
  const EVP_MD* hash = EVP_PKEY_id(key_.get()) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  if (context == nullptr || EVP_DigestVerifyInit(context.get(), nullptr, hash, nullptr, key_.get()) != 1) return false;
  const auto* bytes = reinterpret_cast<const unsigned char*>(signature.data());
  return EVP_DigestVerify(context.get(), bytes, signature.size(),
                          reinterpret_cast<const unsigned char*>(content.data()), content.size()) == 1;
}

bool PublicKey::is_in(const std::string& pem) const {
  if (!certificate_.empty()) {
    const Certificate other(PEM_read_bio_X509(reader(pem).get(), nullptr, no_passphrase, nullptr));
    return other != nullptr && der_of(other.get()) == certificate_;
  }
  auto other = parse(pem, "key");
  return other.ok() && EVP_PKEY_eq(key_.get(), other->key_.get()) == 1;
}

}  // namespace creel::registry::policy
