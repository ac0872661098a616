// containers-storage: an image of Podman's store. The compressed blobs that its manifest names are not kept there, so
// it gets a manifest of plain layers, as `podman push containers-storage:…` gives it.
#include "engine/image/transfer/local_source.h"
#include "engine/image/transfer/podman_store.h"
#include "engine/image/transfer/tar_split.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
using registry::FetchedManifest;

namespace {

class StorageSource : public ImageSource {
 public:
  StorageSource(PodmanStore store, StoredImage image) : store_(std::move(store)), image_(std::move(image)) {}

  Result<void> open() {
    TRY_SET(const std::string text, store_.data(image_, "manifest"));
    TRY_SET(const oci::Manifest own, oci::parse_manifest(text, {}));
    TRY_SET(config_, store_.data(image_, own.config.digest.text()));
    std::vector<oci::Descriptor> layers;
    for (const StoredLayer& layer : image_.layers) {
      layers.push_back({.media_type = oci::kOciLayer, .digest = layer.diff_id, .size = layer.size});
    }
    const oci::Descriptor config{
        .media_type = oci::kOciConfig, .digest = own.config.digest, .size = std::ssize(config_)};
    Text made = text_blob(oci::make_manifest(config, layers, false));
    manifest_ = {std::move(made.bytes), oci::kOciManifest, made.digest};
    return {};
  }

  Result<FetchedManifest> manifest(const std::optional<Digest>& instance) override {
    if (!instance || *instance == manifest_.digest) return manifest_;
    return fail(Code::kNotFound, "it has no manifest " + instance->text());
  }
  Result<void> fetch(const oci::Descriptor& blob, const Sink& sink) override {
    for (const StoredLayer& layer : image_.layers) {
      if (layer.diff_id != blob.digest) continue;
      TRY_SET(const Fd split, store_.tar_split(layer));
      TRY_SET(const Fd files, store_.files(layer));
      return join_tar(split.get(), files.get(), sink);
    }
    return sink(config_);
  }
  [[nodiscard]] std::vector<std::string> names() const override { return image_.names; }
  [[nodiscard]] bool made_up() const override { return true; }

 private:
  PodmanStore store_;
  StoredImage image_;
  std::string config_;
  FetchedManifest manifest_;
};

}  // namespace

Result<std::unique_ptr<ImageSource>> storage_source(const registry::Location& location, bool rootless) {
  TRY_SET(PodmanStore store, PodmanStore::open(location.path, rootless));
  TRY_SET(StoredImage image, store.find(location.reference));
  auto source = std::make_unique<StorageSource>(std::move(store), std::move(image));
  TRY(source->open());
  return std::unique_ptr<ImageSource>(std::move(source));
}

}  // namespace creel::engine::transfer
