#include "registry/policy/private_key.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "registry/encoding.h"
#include "registry/oci/json.h"
#include "registry/policy/openssl_types.h"
#include "registry/policy/secretbox.h"

namespace creel::registry::policy {

namespace {

Error invalid() {
  return fail(Code::kInvalid, "it is neither a private key of cosign's nor one in PEM");
}

// The content of a PEM block of that kind; nullopt: there is none.
std::optional<std::string> block(std::string_view pem, const std::string& kind) {
  const std::string begin = "-----BEGIN " + kind + "-----", end = "-----END " + kind + "-----";
  const std::size_t from = pem.find(begin);
  if (from == std::string_view::npos) return std::nullopt;
  const std::size_t to = pem.find(end, from);
  if (to == std::string_view::npos) return std::nullopt;
  std::string base64(pem.substr(from + begin.size(), to - from - begin.size()));
  std::erase_if(base64, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  return base64_decode(base64);
}

// {"kdf": {"name": "scrypt", "params": {"N", "r", "p"}, "salt"}, "cipher": {"name": "nacl/secretbox", "nonce"},
// "ciphertext"} -> PKCS #8.
Result<std::string> unwrapped(const std::string& text, const std::string& passphrase) {
  const auto document = oci::parse_strict_json(text);
  const auto *kdf = oci::member(document, "kdf"), *cipher = oci::member(document, "cipher");
  const auto* parameters = kdf == nullptr ? nullptr : oci::member(*kdf, "params");
  if (parameters == nullptr || cipher == nullptr || oci::string_member(*kdf, "name") != "scrypt" ||
      oci::string_member(*cipher, "name") != "nacl/secretbox")
    return invalid();
  const auto n = oci::int_member(*parameters, "N"), r = oci::int_member(*parameters, "r"),
             p = oci::int_member(*parameters, "p");
  const auto salt = base64_decode(oci::string_member(*kdf, "salt")),
             nonce = base64_decode(oci::string_member(*cipher, "nonce")),
             box = base64_decode(oci::string_member(document, "ciphertext"));
  if (!n || !r || !p || !salt || !nonce || !box) return invalid();
  constexpr std::uint64_t kMostMemory = 1 << 30;  // bytes
  if (*n < 2 || *r < 1 || *p < 1 || *n > 1 << 22 || *r > 64 || *p > 64) return invalid();
  std::string key(32, '\0');
  if (EVP_PBE_scrypt(passphrase.data(), passphrase.size(), reinterpret_cast<const unsigned char*>(salt->data()),
                     salt->size(), static_cast<std::uint64_t>(*n), static_cast<std::uint64_t>(*r),
                     static_cast<std::uint64_t>(*p), kMostMemory, reinterpret_cast<unsigned char*>(key.data()),
                     key.size()) != 1)
    return invalid();
  auto out = open_secretbox(key, *nonce, *box);
  if (!out) return fail(Code::kDenied, "the passphrase does not open it");
  return std::move(*out);
}

int give_passphrase(char* buffer, int size, int, void* passphrase) {
  const auto& text = *static_cast<const std::string*>(passphrase);
  if (std::ssize(text) > size) return -1;
  std::copy(text.begin(), text.end(), buffer);
  return static_cast<int>(text.size());
}

}  // namespace

Result<PrivateKey> PrivateKey::parse(std::string_view pem, const std::string& passphrase) {
  for (const char* kind : {"ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"}) {
    const auto text = block(pem, kind);
    if (!text) continue;
    TRY_SET(const std::string der, unwrapped(*text, passphrase));
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    std::shared_ptr<EVP_PKEY> key(d2i_AutoPrivateKey(nullptr, &bytes, static_cast<long>(der.size())), EVP_PKEY_free);
    if (key == nullptr) return invalid();
    return PrivateKey(std::move(key));
  }
  std::string secret = passphrase;
  std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, give_passphrase, &secret),
                                EVP_PKEY_free);
  if (key != nullptr) return PrivateKey(std::move(key));
  if (pem.find("ENCRYPTED") != std::string_view::npos) return fail(Code::kDenied, "the passphrase does not open it");
  return invalid();
}

Result<std::string> PrivateKey::sign(std::string_view content) const {
  const DigestContext context(EVP_MD_CTX_new());
  const EVP_MD* hash = EVP_PKEY_id(key_.get()) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  const auto* bytes = reinterpret_cast<const unsigned char*>(content.data());
  std::size_t size = 0;
  if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, content.size()) != 1)
    return fail(Code::kFailed, "the key cannot sign");
  std::string out(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes, content.size()) != 1)
    return fail(Code::kFailed, "the key cannot sign");
  out.resize(size);
  return base64_encode(out);
}

}  // namespace creel::registry::policy
