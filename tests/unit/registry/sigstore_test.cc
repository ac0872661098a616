// Signatures and certificates are made here with OpenSSL, as cosign, Fulcio and Rekor make them.
#include "registry/policy/sigstore.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <functional>
#include <memory>

#include "registry/encoding.h"
#include "registry/sha256.h"

using namespace creel;
using namespace creel::registry;
using namespace creel::registry::policy;

namespace {

constexpr const char* kEmail = "me@example.com";
constexpr const char* kIssuer = "https://issuer.example";
constexpr std::int64_t kWhen = 1600000000;

using Key = std::shared_ptr<EVP_PKEY>;
using Cert = std::shared_ptr<X509>;

Key make_key(const char* kind = "EC") {
  EVP_PKEY* key = kind == std::string("EC")    ? EVP_EC_gen("P-256")
                  : kind == std::string("RSA") ? EVP_RSA_gen(2048)
                                               : EVP_PKEY_Q_keygen(nullptr, nullptr, kind);
  REQUIRE(key != nullptr);
  return Key(key, EVP_PKEY_free);
}

std::string pem(const std::function<int(BIO*)>& write) {
  std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), BIO_free_all);
  REQUIRE(write(bio.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}
std::string pem(const Key& key) {
  return pem([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); });
}
std::string pem(const Cert& cert) {
  return pem([&](BIO* bio) { return PEM_write_bio_X509(bio, cert.get()); });
}

std::string sign(const Key& key, const std::string& content) {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const EVP_MD* hash = EVP_PKEY_id(key.get()) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  REQUIRE(EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key.get()) == 1);
  std::string out(1024, '\0');
  std::size_t size = out.size();
  REQUIRE(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                         reinterpret_cast<const unsigned char*>(content.data()), content.size()) == 1);
  out.resize(size);
  return base64_encode(out);
}

struct Wish {
  std::string email = kEmail, issuer = kIssuer;
  bool signs_code = true, old_issuer = true, new_issuer = false;
  std::int64_t from = kWhen - 300, to = kWhen + 300;
};

void add_extension(X509* cert, int nid, const std::string& value, X509* issuer) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  REQUIRE(extension != nullptr);
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

void add_raw(X509* cert, const char* oid, const std::string& bytes) {
  ASN1_OBJECT* id = OBJ_txt2obj(oid, 1);
  ASN1_OCTET_STRING* data = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(data, reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, id, 0, data);
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(data);
  ASN1_OBJECT_free(id);
}

// `wish`: a signer's; null: an authority's.
Cert make_cert(const Key& key, const std::string& name, const Cert& issuer, const Key& issuer_key, const Wish* wish) {
  static long serial = 1;
  Cert cert(X509_new(), X509_free);
  X509_set_version(cert.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), ++serial);
  ASN1_TIME_set(X509_getm_notBefore(cert.get()), wish != nullptr ? wish->from : kWhen - 1000000);
  ASN1_TIME_set(X509_getm_notAfter(cert.get()), wish != nullptr ? wish->to : kWhen + 1000000);
  X509_set_pubkey(cert.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(cert.get());
  X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509* parent = issuer == nullptr ? cert.get() : issuer.get();
  X509_set_issuer_name(cert.get(), X509_get_subject_name(parent));
  add_extension(cert.get(), NID_subject_key_identifier, "hash", parent);
  if (issuer != nullptr) add_extension(cert.get(), NID_authority_key_identifier, "keyid", parent);
  if (wish == nullptr) {
    add_extension(cert.get(), NID_basic_constraints, "critical,CA:TRUE", parent);
    add_extension(cert.get(), NID_key_usage, "critical,keyCertSign,cRLSign", parent);
  } else {
    add_extension(cert.get(), NID_key_usage, "critical,digitalSignature", parent);
    add_extension(cert.get(), NID_ext_key_usage, wish->signs_code ? "codeSigning" : "serverAuth", parent);
    add_extension(cert.get(), NID_subject_alt_name, "email:" + wish->email, parent);
    if (wish->old_issuer) add_raw(cert.get(), "1.3.6.1.4.1.57264.1.1", wish->issuer);
    if (wish->new_issuer)
      add_raw(cert.get(), "1.3.6.1.4.1.57264.1.8",
              std::string("\x0c") + static_cast<char>(wish->issuer.size()) + wish->issuer);
  }
  REQUIRE(X509_sign(cert.get(), issuer_key.get(), EVP_sha256()) > 0);
  return cert;
}

std::string bundle(const Key& rekor, const std::string& payload, const std::string& signature, const std::string& key,
                   std::int64_t when = kWhen) {
  const std::string body = base64_encode(
      R"({"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":")" +
      Sha256::of(payload).hex() + R"("}},"signature":{"content":")" + signature + R"(","publicKey":{"content":")" +
      base64_encode(key) + R"("}}}})");
  const std::string entry =
      R"({"body":")" + body + R"(","integratedTime":)" + std::to_string(when) + R"(,"logID":"c0ffee","logIndex":7})";
  return R"({"SignedEntryTimestamp":")" + sign(rekor, entry) + R"(","Payload":)" + entry + "}";
}

struct Fulcio {
  Key root_key = make_key(), between_key = make_key(), leaf_key = make_key(), rekor = make_key();
  Cert root = make_cert(root_key, "root", nullptr, root_key, nullptr);
  Cert between = make_cert(between_key, "between", root, root_key, nullptr);
  SigstoreTrust trust{{}, {pem(root)}, kIssuer, kEmail, {pem(rekor)}};

  SigstoreSignature made(const Wish& wish, std::int64_t when = kWhen) {
    const Cert leaf = make_cert(leaf_key, "leaf", between, between_key, &wish);
    SigstoreSignature out;
    out.payload = "payload";
    out.signature = sign(leaf_key, out.payload);
    out.certificate = pem(leaf);
    out.chain = pem(between) + pem(root);
    out.bundle = bundle(rekor, out.payload, out.signature, out.certificate, when);
    return out;
  }
};

// "" for a good one, else why not.
std::string verdict(const SigstoreTrust& trust, const SigstoreSignature& signature) {
  auto result = verify_sigstore(trust, signature);
  return result.ok() ? "" : result.error().text;
}
bool says(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("sigstore: public keys of three kinds, one of several") {
  for (const char* kind : {"EC", "RSA", "ED25519"}) {
    CAPTURE(kind);
    const Key key = make_key(kind), other = make_key();
    SigstoreSignature signature{.payload = "payload", .signature = sign(key, "payload")};
    CHECK(verdict({.keys = {pem(key)}}, signature).empty());
    CHECK(verdict({.keys = {pem(other), pem(key)}}, signature).empty());
    CHECK(says(verdict({.keys = {pem(other)}}, signature), "another key"));
    signature.payload = "Payload";
    CHECK(says(verdict({.keys = {pem(key)}}, signature), "another content"));
  }
  const Key key = make_key();
  CHECK(says(verdict({.keys = {pem(key)}}, {.payload = "p", .signature = "%"}), "base64"));
  CHECK(says(verdict({.keys = {pem(key)}}, {.payload = "p"}), "base64"));
  CHECK(says(verdict({.keys = {"no key"}}, {.payload = "p", .signature = "YQ=="}), "no public key"));
}

TEST_CASE("sigstore: a key, and a log that must have seen it") {
  const Key key = make_key(), rekor = make_key(), other = make_key();
  const SigstoreTrust trust{.keys = {pem(key)}, .rekor = {pem(other), pem(rekor)}};
  SigstoreSignature signature{.payload = "payload", .signature = sign(key, "payload")};
  CHECK(says(verdict(trust, signature), "log entry is missing"));
  signature.bundle = bundle(rekor, "payload", signature.signature, pem(key));
  CHECK(verdict(trust, signature).empty());
  CHECK(says(verdict({.keys = {pem(key)}, .rekor = {pem(other)}}, signature), "not signed by the transparency log"));
  signature.bundle = bundle(rekor, "another", signature.signature, pem(key));
  CHECK(says(verdict(trust, signature), "another signature"));
  signature.bundle = bundle(rekor, "payload", sign(key, "payload"), pem(key));
  CHECK(says(verdict(trust, signature), "another signature"));
  signature.bundle = bundle(rekor, "payload", signature.signature, pem(other));
  CHECK(says(verdict(trust, signature), "another key"));
  signature.bundle = "{}";
  CHECK(says(verdict(trust, signature), "log entry"));
  signature.bundle =
      R"({"SignedEntryTimestamp":"YQ==","Payload":{"body":"YQ==","integratedTime":1,"logID":"a","logIndex":1,"x":1}})";
  CHECK(says(verdict(trust, signature), "malformed"));
}

TEST_CASE("sigstore: a certificate of Fulcio, for the right person, at the right time") {
  Fulcio fulcio;
  const auto of = [&](const Wish& wish, std::int64_t when = kWhen) {
    return verdict(fulcio.trust, fulcio.made(wish, when));
  };
  CHECK(of({}) == "");
  CHECK(of({.old_issuer = false, .new_issuer = true}) == "");
  CHECK(of({.new_issuer = true}) == "");
  CHECK(says(of({.old_issuer = false}), "no OIDC issuer"));
  CHECK(says(of({.email = "you@example.com"}), "not for me@example.com"));
  CHECK(says(of({.issuer = "https://other.example"}), "another one"));
  CHECK(says(of({.signs_code = false}), "signing code"));
  CHECK(says(of({}, kWhen + 301), "expired"));
  CHECK(says(of({}, kWhen - 301), "not yet valid"));
  // Without the certificate between, there is no way to the root.
  SigstoreSignature signature = fulcio.made({});
  signature.chain.clear();
  CHECK(says(verdict(fulcio.trust, signature), "issuer certificate"));
  // Another authority.
  signature = fulcio.made({});
  const Key key = make_key();
  SigstoreTrust other = fulcio.trust;
  other.authorities = {pem(make_cert(key, "root", nullptr, key, nullptr))};
  CHECK(says(verdict(other, signature), "not accepted"));
  other.authorities = {"nothing"};
  CHECK(says(verdict(other, signature), "no certificate in PEM"));
  // The log has seen another certificate of the same key.
  signature = fulcio.made({});
  signature.certificate = fulcio.made({}).certificate;
  CHECK(says(verdict(fulcio.trust, signature), "another key"));
  // No log: nobody knows when it was.
  SigstoreTrust no_log = fulcio.trust;
  no_log.rekor.clear();
  CHECK_FALSE(verdict(no_log, fulcio.made({})).empty());
}
