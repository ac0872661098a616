// containers-policy.json(5): which images are accepted, by where they come from. Pure data, immutable after parsing;
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace creel::registry::policy {

// What name a signature must carry to speak for an image.
struct IdentityRule {
  enum class Kind : std::uint8_t {
    kMatchExact,
    kMatchRepoDigestOrExact,
    kMatchRepository,
    kExactReference,
    kExactRepository,
    kRemapIdentity,
  };
  Kind kind = Kind::kMatchRepoDigestOrExact;
  std::string value;          // dockerReference, dockerRepository, or the prefix
  std::string signed_prefix;  // of kRemapIdentity
};

// Public keys: files, or the bytes themselves. Any of them may have signed.
struct Keys {
  std::vector<std::string> paths, data;
  [[nodiscard]] bool empty() const { return paths.empty() && data.empty(); }
};

// Keyless signing: a certificate of these authorities for this person.
struct Fulcio {
  Keys authorities;
  std::string oidc_issuer, subject_email;
};

struct Requirement {
  enum class Kind : std::uint8_t { kAcceptAnything, kReject, kSignedBy, kSigstoreSigned, kSignedBaseLayer };
  Kind kind = Kind::kReject;
  Keys keys;                     // kSignedBy: OpenPGP; kSigstoreSigned: PEM, unless fulcio is there
  std::optional<Fulcio> fulcio;  // only together with rekor
  Keys rekor;                    // keys of a transparency log that must have seen the signature; empty: need not
  IdentityRule identity;
};
using Requirements = std::vector<Requirement>;  // all must be met; never empty

// Where an image comes from, as policies name it.
struct Origin {
  std::string transport;            // "docker", "oci", "dir", "docker-archive", …
  std::vector<std::string> scopes;  // from the most to the least specific
};
// An image of a registry. `tag_or_digest`: ":latest" or "@sha256:…".
Origin registry_origin(const std::string& domain, const std::string& path, const std::string& tag_or_digest);
// A directory or file: itself and all directories around it. `path`: absolute, without symbolic links; empty: unknown.
Origin file_origin(const std::string& transport, const std::string& path);

class Policy {
 public:
  // `label` names the file in errors. Strict, as the manual page demands: an unknown or repeated member makes the whole
  // policy invalid.
  static Result<Policy> parse(const std::string& text, const std::string& label);
  // `path` (--signature-policy), else the user's policy.json, else /etc/containers/policy.json. Where there is none,
  // everything is accepted: a machine without any configuration has nobody who asked for more.
  static Result<Policy> load(const std::string& path);

  [[nodiscard]] const Requirements& requirements(const Origin& origin) const;
  // The file that says so, for errors; empty: there is none.
  [[nodiscard]] const std::string& label() const { return label_; }

 private:
  std::string label_;
  Requirements default_;
  std::map<std::string, std::map<std::string, Requirements>> transports_;
};

}  // namespace creel::registry::policy
