// The signatures of images in registries: in lookaside storage, and as attachments in the registry itself
// (docs/signature-protocols.md of containers/image; cosign's "sha256-….sig"). All of it hostile, bounded in number and
// size. One thread.
#pragma once

#include <string>

#include "base/result.h"
#include "registry/client.h"
#include "registry/policy/signature_stores.h"
#include "registry/policy/verdict.h"

namespace creel::registry::policy {

class RegistrySignatures : public SignatureSource {
 public:
  // `client` speaks to the registry of "domain/path" and outlives this.
  RegistrySignatures(Client& client, std::string path, const SignatureStores& stores, Origin origin)
      : client_(client), path_(std::move(path)), stores_(stores), origin_(std::move(origin)) {}
  Result<std::vector<std::string>> simple(const Digest& manifest) override;
  Result<std::vector<SigstoreSignature>> sigstore(const Digest& manifest) override;

 private:
  Client& client_;
  const std::string path_;
  const SignatureStores& stores_;
  const Origin origin_;
};

// "BASE/library/busybox@sha256=HEX/signature-1"; `number` from 1.
std::string lookaside_url(const std::string& base, const std::string& path, const Digest& manifest, int number);
// The local file of a "file://" URL; kUnsupported for others.
Result<std::string> file_of_url(const std::string& url);
// "sha256-HEX.sig"
std::string attachment_tag(const Digest& manifest);

inline constexpr const char* kSigstoreLayer = "application/vnd.dev.cosign.simplesigning.v1+json";
inline constexpr const char* kSignatureAnnotation = "dev.cosignproject.cosign/signature";
inline constexpr int kMostSignatures = 128;
inline constexpr std::int64_t kLargestSignature = 4 << 20;  // bytes

}  // namespace creel::registry::policy
