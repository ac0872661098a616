#include "registry/policy/certificate.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>

#include "registry/policy/openssl_types.h"

namespace creel::registry::policy {

namespace {

using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
using ObjectId = std::unique_ptr<ASN1_OBJECT, Freed<ASN1_OBJECT_free>>;
using Utf8 = std::unique_ptr<ASN1_UTF8STRING, Freed<ASN1_UTF8STRING_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};
using Stack = std::unique_ptr<STACK_OF(X509), FreeStack>;

// The issuer as text itself, and the same as a UTF8String.
constexpr const char* kIssuerOid = "1.3.6.1.4.1.57264.1.1";
constexpr const char* kIssuerV2Oid = "1.3.6.1.4.1.57264.1.8";

Error denied(const std::string& why) {
  return fail(Code::kDenied, "the signer's certificate is not accepted: " + why);
}

std::vector<Certificate> read_certificates(const std::string& pem) {
  std::vector<Certificate> out;
  constexpr std::size_t kMost = 100;
  const Bio bio = reader(pem);
  while (out.size() < kMost) {
    Certificate next(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (next == nullptr) break;
    out.push_back(std::move(next));
  }
  return out;
}

std::string text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

// The bytes of the only extension of that kind; nullopt: there is none, or several.
std::optional<std::string> extension(const X509* certificate, const char* oid) {
  const ObjectId id(OBJ_txt2obj(oid, 1));
  const int at = X509_get_ext_by_OBJ(certificate, id.get(), -1);
  if (at < 0 || X509_get_ext_by_OBJ(certificate, id.get(), at) >= 0) return std::nullopt;
  return text_of(X509_EXTENSION_get_data(X509_get_ext(certificate, at)));
}

Result<std::string> issuer_of(const X509* certificate) {
  const auto old = extension(certificate, kIssuerOid), wrapped = extension(certificate, kIssuerV2Oid);
  std::optional<std::string> text = old;
  if (wrapped) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(wrapped->data());
    const Utf8 string(d2i_ASN1_UTF8STRING(nullptr, &bytes, static_cast<long>(wrapped->size())));
    if (string == nullptr) return denied("its OIDC issuer is malformed");
    text = text_of(string.get());
    if (old && *old != *text) return denied("it names two OIDC issuers");
  }
  if (!text) return denied("it names no OIDC issuer");
  return *text;
}

bool names_email(const X509* certificate, const std::string& email) {
  const Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return false;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_EMAIL && text_of(name->d.rfc822Name) == email) return true;
  }
  return false;
}

Result<void> check_chain(const CertificateDemands& demands, X509* leaf, const std::string& chain) {
  const Store store(X509_STORE_new());
  const Stack between(sk_X509_new_null());
  const StoreContext context(X509_STORE_CTX_new());
  if (store == nullptr || between == nullptr || context == nullptr) return fail(Code::kFailed, "OpenSSL has no memory");
  for (const std::string& pem : demands.authorities) {
    const auto certificates = read_certificates(pem);
    if (certificates.empty()) return fail(Code::kInvalid, "the policy's Fulcio authority is no certificate in PEM");
    for (const Certificate& one : certificates) X509_STORE_add_cert(store.get(), one.get());
  }
  for (Certificate& one : read_certificates(chain)) sk_X509_push(between.get(), one.release());
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf, between.get()) != 1)
    return fail(Code::kFailed, "OpenSSL has no memory");
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(demands.time));
  if (X509_verify_cert(context.get()) == 1) return {};
  return denied(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

}  // namespace

Result<PublicKey> verified_certificate(const CertificateDemands& demands, const std::string& certificate,
                                       const std::string& chain) {
  const auto leaves = read_certificates(certificate);
  if (leaves.size() != 1) return denied("there is not exactly one");
  X509* leaf = leaves.front().get();
  TRY(check_chain(demands, leaf, chain));
  // Without the extension OpenSSL says "anything".
  const std::uint32_t usage = X509_get_extended_key_usage(leaf);
  if (usage == UINT32_MAX || (usage & XKU_CODE_SIGN) == 0) return denied("it is not for signing code");
  TRY_SET(const std::string issuer, issuer_of(leaf));
  if (issuer != demands.oidc_issuer) return denied("its OIDC issuer is another one");
  if (!names_email(leaf, demands.subject_email)) return denied("it is not for " + demands.subject_email);
  return PublicKey::of(leaf);
}

}  // namespace creel::registry::policy
