// The store of containers/storage, as Podman, Buildah and Skopeo keep it, read-only and without its locks: its records
// are replaced as whole files. Its drivers "overlay" and "vfs". Everything in it is checked like an archive's content.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::transfer {

struct StoredLayer {
  std::string id;
  Digest diff_id;
  std::int64_t size = 0;  // of the plain tar
};
struct StoredImage {
  std::string id;  // hex
  std::vector<std::string> names;
  std::vector<StoredLayer> layers;  // bottom first
};

class PodmanStore {
 public:
  // `specification`: "[DRIVER@]GRAPHROOT[+RUNROOT][:OPTIONS]" as in containers-transports(5); empty: the caller's own.
  // kNotFound: there is none.
  static Result<PodmanStore> open(const std::string& specification, bool rootless);

  // By ID (or its beginning), or by name, completed as Podman does. kNotFound. `names` of the result: those meant.
  [[nodiscard]] Result<StoredImage> find(const std::string& reference) const;
  // "manifest", or "sha256:…" for the configuration. At most 8 MiB.
  [[nodiscard]] Result<std::string> data(const StoredImage& image, const std::string& key) const;
  // The layer's tar without the contents of its files (tar-split, compressed), and the directory that has these.
  [[nodiscard]] Result<Fd> tar_split(const StoredLayer& layer) const;
  [[nodiscard]] Result<Fd> files(const StoredLayer& layer) const;

 private:
  PodmanStore(Fd root, std::string driver) : root_(std::move(root)), driver_(std::move(driver)) {}
  [[nodiscard]] Result<std::vector<StoredLayer>> layers_of(const std::string& top) const;
  Fd root_;
  std::string driver_;
};

}  // namespace creel::engine::transfer
