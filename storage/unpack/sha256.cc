#include <openssl/evp.h>

#include "base/text.h"
#include "storage/unpack/unpack.h"

namespace creel::storage::unpack {

namespace {
EVP_MD_CTX* as_context(void* context) {
  return static_cast<EVP_MD_CTX*>(context);
}
}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  EVP_DigestInit_ex(as_context(context_), EVP_sha256(), nullptr);
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(as_context(context_));
}

void Sha256::update(std::string_view data) {
  EVP_DigestUpdate(as_context(context_), data.data(), data.size());
}

Digest Sha256::finish() {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(as_context(context_), bytes, &size) != 1) return {};
  auto digest = Digest::from_hex(to_hex(bytes, size));
  return digest.ok() ? std::move(*digest) : Digest();
}

}  // namespace creel::storage::unpack
