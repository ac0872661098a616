// load: images from an archive or a directory.
#include <fcntl.h>

#include <algorithm>
#include <map>

#include "base/file.h"
#include "engine/image/transfer/install.h"
#include "engine/image/transfer/naming.h"
#include "registry/archive/decompress.h"
#include "registry/archive/reader.h"
#include "storage/unpack/unpack.h"

namespace creel::engine::transfer {

namespace archive = registry::archive;
namespace oci = registry::oci;
using archive::ArchivedImage;
using archive::Member;

namespace {

constexpr std::int64_t kConfigLimit = 8 << 20;

// Layers are read where they lie in the archive.
class Members : public BlobSource {
 public:
  void add(const Digest& digest, const Member& member) { members_.insert_or_assign(digest, member); }
  Result<void> fetch(const oci::Descriptor& blob, const Sink& sink) override {
    return archive::read_member(members_.at(blob.digest), sink);
  }

 private:
  std::map<Digest, Member> members_;
};

// Where the spool file lies: on the store's disk, gone with the last descriptor.
Result<Fd> make_spool(const std::string& directory) {
  return open_file(directory, O_TMPFILE | O_RDWR, 0600);
}

// What a docker-archive leaves open: the digests of its layers' bytes. Plain ones have their DiffID's (which is
// verified while unpacking); compressed ones are read once more.
Result<oci::Descriptor> describe(const Member& layer, const Digest& diff_id) {
  oci::Descriptor out{.media_type = oci::kOciLayer, .digest = diff_id, .size = layer.size};
  TRY_SET(const std::string start,
          archive::read_member_text({layer.file, layer.offset, std::min<std::int64_t>(layer.size, 8)}, 8, "layer"));
  if (!archive::is_compressed(start)) return out;
  storage::unpack::Sha256 hash;
  TRY(archive::read_member(layer, [&](std::string_view bytes) -> Result<void> {
    hash.update(bytes);
    return {};
  }));
  out.digest = hash.finish();
  out.media_type = start.starts_with("\x1f\x8b")           ? oci::kOciLayerGzip
                   : start.starts_with("\x28\xb5\x2f\xfd") ? oci::kOciLayerZstd
                                                           : oci::kOciLayer;
  return out;
}

Result<void> make_manifest(const ArchivedImage& archived, Incoming& image) {
  TRY_SET(const std::vector<Digest> diff_ids, oci::diff_ids(image.config.bytes));
  if (diff_ids.size() != archived.layers.size()) {
    return fail(Code::kInvalid, "manifest.json names " + std::to_string(archived.layers.size()) +
                                    " layers, the configuration " + std::to_string(diff_ids.size()));
  }
  const oci::Descriptor config{
      .media_type = oci::kOciConfig, .digest = image.config.digest, .size = std::ssize(image.config.bytes)};
  std::vector<oci::Descriptor> layers;
  for (std::size_t i = 0; i < diff_ids.size(); ++i) {
    TRY_SET(oci::Descriptor layer, describe(archived.layers[i], diff_ids[i]));
    layers.push_back(std::move(layer));
  }
  image.manifest_text = text_blob(oci::make_manifest(config, layers, false));
  TRY_SET(image.manifest, oci::parse_manifest(image.manifest_text.bytes, oci::kOciManifest));
  return {};
}

Result<void> add_names(const ArchivedImage& archived, Incoming& image) {
  for (const std::string& name : archived.names) {
    TRY_SET(const Reference reference,
            archived.names_are == ArchivedImage::Names::kDocker ? parse_reference(name) : parse_local_reference(name));
    if (!reference.tag.empty()) image.names.push_back(reference.repository() + ":" + reference.tag);
    image.digests.push_back(reference.repository() + "@" + image.manifest_text.digest.text());
  }
  return {};
}

Result<Incoming> prepare(const ArchivedImage& archived) {
  Incoming image;
  TRY_SET(std::string config, archive::read_member_text(archived.config, kConfigLimit, "the image's configuration"));
  image.config = text_blob(std::move(config));
  if (archived.manifest.empty()) {
    TRY(make_manifest(archived, image));
  } else {
    image.manifest_text = text_blob(archived.manifest);
    TRY_SET(image.manifest, oci::parse_manifest(archived.manifest, archived.media_type));
    if (image.manifest.config.digest != image.config.digest) {
      return fail(Code::kInvalid, "digest mismatch: the configuration " + image.manifest.config.digest.text() +
                                      " has " + image.config.digest.text());
    }
  }
  TRY(add_names(archived, image));
  return image;
}

// An image that is here already, from an archive that has no manifest of its own: the names are all that is new. What
// it was pulled as stays, for save and push.
Result<bool> only_names(Engine& engine, const ArchivedImage& archived, const Incoming& image) {
  if (!archived.manifest.empty()) return false;
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const auto known, store->image_by_id(image.config.digest.hex()));
  if (!known) return false;
  for (const std::string& name : image.names) TRY(store->tag_image(known->id, name));
  return true;
}

Result<void> load_image(Engine& engine, const ArchivedImage& archived, Progress& progress, Loaded& loaded) {
  TRY_SET(const Incoming image, prepare(archived));
  TRY_SET(const bool known, only_names(engine, archived, image));
  Members members;
  for (std::size_t i = 0; i < archived.layers.size(); ++i)
    members.add(image.manifest.layers[i].digest, archived.layers[i]);
  if (!known) TRY(install(engine, image, members, progress));
  if (image.names.empty()) loaded.names.push_back(image.config.digest.text());
  loaded.names.insert(loaded.names.end(), image.names.begin(), image.names.end());
  return {};
}

}  // namespace

Result<Loaded> load(Engine& engine, Fd fd, const std::string& path, Progress& progress) {
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  const std::string staging = store->paths().staging();
  TRY_SET(const auto files, archive::open_archive(std::move(fd), path, [&] { return make_spool(staging); }));
  TRY_SET(const Platform host, parse_platform({}));
  TRY_SET(const auto images, archive::read_images(*files, {host.os, host.architecture, host.variant}, path));
  Loaded loaded;
  for (const ArchivedImage& image : images) {
    auto done = load_image(engine, image, progress, loaded);
    if (!done.ok()) return std::move(done).error().within("loading " + path);
  }
  return loaded;
}

}  // namespace creel::engine::transfer
