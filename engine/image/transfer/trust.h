// The signature policy, containers-policy.json(5), asked before anything of an image is used: when its manifest's bytes
// are known, and nothing of them has been read yet. Every way into the store goes through here. One thread.
//
// Without any policy file everything is accepted. A file that is there is obeyed, whoever wrote it for whichever
// engine.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/image/image.h"
#include "registry/archive/file_set.h"
#include "registry/client.h"
#include "registry/policy/policy.h"
#include "registry/policy/signature_blob.h"

namespace creel::engine::transfer {

// Whether an image whose manifest has these digests may come in.
using Gate = std::function<Result<void>(const std::vector<Digest>& digests)>;

class Trust {
 public:
  // `policy_file`: --signature-policy; empty: the usual places.
  static Result<Trust> open(const Engine& engine, const std::string& policy_file);

  // An image of a registry, which is spoken to with these options where there are signatures to fetch. `digests`: of
  // its manifest, then of the index that names that one, if any; both computed by us. kDenied.
  Result<void> check(const Reference& reference, const registry::ClientOptions& options,
                     const std::vector<Digest>& digests) const;

  // An image in a file or directory.
  struct Place {
    std::string transport;                    // "oci", "oci-archive", "docker-archive", "dir", "tarball"
    std::string path;                         // absolute, without symbolic links; empty: a pipe
    std::string name;                         // docker-archive: the image's name there; else empty
    registry::policy::Signatures signatures;  // dir: what its signature-N files hold
  };
  Result<void> check(const Place& place, const std::vector<Digest>& digests) const;
  // The same, for later; it outlives this.
  [[nodiscard]] Gate gate(Place place) const;

 private:
  Trust(registry::policy::Policy policy, bool rootless) : policy_(std::move(policy)), rootless_(rootless) {}
  registry::policy::Policy policy_;
  bool rootless_;
};

// --signature-policy of push and save, for an image of the store; empty: nothing is asked, as the usual files are for
// what comes in. kDenied.
Result<void> check_leaving(const Engine& engine, const storage::ImageRecord& image, const std::string& policy_file);

// The path that an open file has; empty for a pipe.
std::string path_of(int fd);
// The same for a name.
std::string real_path(const std::string& path);
// The signatures in a directory of skopeo's format.
Result<registry::policy::Signatures> signatures_in(const registry::archive::FileSet& directory);

}  // namespace creel::engine::transfer
