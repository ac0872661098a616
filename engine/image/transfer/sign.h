// Signing what was pushed to a registry: OpenPGP signatures go to lookaside storage, sigstore's to the registry itself
// (containers-registries.d(5) says where). Runs as the user, outside any user namespace: gpg's agent is theirs. One
// thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/digest.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/image/image.h"
#include "engine/image/transfer/transfer.h"
#include "registry/client.h"
#include "registry/location.h"
#include "registry/policy/private_key.h"
#include "registry/policy/signature_stores.h"

namespace creel::engine::transfer {

class Signer {
 public:
  // Everything that can be known to fail fails here, before anything is pushed: a key that does not open, a place that
  // cannot be written to.
  // kUnsupported for what is no registry.
  static Result<Signer> open(const Engine& engine, const registry::Location& destination, const SignOptions& options);
  // `manifest` is in the registry by now. Signatures of others stay.
  Result<void> sign(const registry::ClientOptions& options, const Digest& manifest) const;

 private:
  Signer() = default;
  Result<void> sign_openpgp(const Digest& manifest) const;
  Result<void> attach(registry::Client& client, const Digest& manifest) const;

  Reference destination_;
  std::string openpgp_key_, passphrase_, lookaside_;
  std::optional<registry::policy::PrivateKey> sigstore_key_;
};

}  // namespace creel::engine::transfer
