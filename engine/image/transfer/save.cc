// save: images from the store into an archive or a directory. Reads only; needs no user namespace.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "engine/image/image_config.h"
#include "engine/image/name_match.h"
#include "engine/image/transfer/local_destination.h"
#include "engine/image/transfer/local_source.h"
#include "engine/image/transfer/naming.h"
#include "engine/image/transfer/trust.h"
#include "registry/oci/conversion.h"
#include "registry/oci/manifest.h"
#include "storage/pack/gzip_blocks.h"

namespace creel::engine::transfer {

namespace archive = registry::archive;
namespace oci = registry::oci;
using archive::Member;
using storage::ImageRecord;
using storage::Store;

namespace {

constexpr std::size_t kManifestLimit = 4 << 20;
constexpr const char* kDockerLayer = "application/vnd.docker.image.rootfs.diff.tar";

// An image and the names it was asked for by; an image asked for twice is written once.
struct Chosen {
  ImageRecord record;
  std::vector<std::string> names;
  std::string manifest_text;
  oci::Manifest manifest;
};

class Saving {
 public:
  Saving(Engine& engine, Store& store, LocalDestination& destination, Progress& progress)
      : engine_(engine), store_(store), destination_(destination), progress_(progress) {}

  Result<void> as_it_is(const Chosen& image);
  Result<void> docker_directory(const Chosen& image, bool compress);

 private:
  Result<void> put(const oci::Descriptor& blob, const Member& bytes);
  Result<Member> blob(const Digest& digest) const;
  Result<oci::Descriptor> deflated(const oci::Descriptor& layer, Member& member) const;

  Engine& engine_;
  Store& store_;
  LocalDestination& destination_;
  Progress& progress_;
};

Result<Member> Saving::blob(const Digest& digest) const {
  TRY_SET(Fd fd, store_.open_blob(digest));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return errno_error("reading blob " + digest.text());
  return Member{std::make_shared<const Fd>(std::move(fd)), 0, info.st_size};
}

Result<void> Saving::put(const oci::Descriptor& blob, const Member& bytes) {
  TRY_SET(const bool there, destination_.has(blob));
  return there ? Result<void>() : destination_.put(blob, bytes, progress_);
}

// `member` compressed with gzip, and its descriptor.
Result<oci::Descriptor> Saving::deflated(const oci::Descriptor& layer, Member& member) const {
  TRY_SET(Fd file, scratch_file(engine_));
  storage::pack::GzipBlocks gzip([&](std::string_view bytes) { return write_all(file.get(), bytes); });
  TRY(archive::read_member(member, [&](std::string_view bytes) { return gzip.append(bytes); }));
  TRY_SET(const storage::pack::Compressed made, gzip.finish());
  member = Member{std::make_shared<const Fd>(std::move(file)), 0, made.size};
  oci::Descriptor out = layer;
  out.media_type = oci::kDockerLayerGzip;
  out.digest = made.digest;
  out.size = made.size;
  return out;
}

// The blobs as they were pulled: manifests keep their digests.
Result<void> Saving::as_it_is(const Chosen& image) {
  destination_.names = image.names;
  std::vector<oci::Descriptor> blobs = image.manifest.layers;
  blobs.push_back(image.manifest.config);
  for (const oci::Descriptor& one : blobs) {
    TRY_SET(const Member member, blob(one.digest));
    TRY(put(one, member));
  }
  return destination_.put_manifest({image.manifest_text, image.record.manifest}, image.manifest.media_type, true);
}

// skopeo's "dir:": a schema 2 manifest beside blobs named by their digests.
Result<void> Saving::docker_directory(const Chosen& image, bool compress) {
  const bool as_pulled = image.manifest.media_type == oci::kDockerManifest;
  bool changed = false;
  std::vector<oci::Descriptor> layers;
  for (oci::Descriptor layer : image.manifest.layers) {
    TRY_SET(Member member, blob(layer.digest));
    layer.media_type = oci::layer_type_in(layer.media_type, true);
    if (compress && layer.media_type == kDockerLayer) {
      TRY_SET(layer, deflated(layer, member));
      changed = true;
    }
    TRY(put(layer, member));
    layers.push_back(std::move(layer));
  }
  oci::Descriptor config = image.manifest.config;
  config.media_type = oci::kDockerConfig;
  TRY_SET(const Member member, blob(config.digest));
  TRY(put(config, member));
  Text text = text_blob(as_pulled && !changed ? image.manifest_text : oci::make_manifest(config, layers, true));
  return destination_.put_manifest(text, oci::kDockerManifest, true);
}

Result<std::vector<Chosen>> choose(Engine& engine, Store& store, const std::vector<std::string>& images) {
  std::vector<Chosen> out;
  for (const std::string& given : images) {
    TRY_SET(ImageRecord record, find_image(engine, given));
    TRY(use_manifest_of_name(engine, record, given));
    auto same = std::find_if(out.begin(), out.end(), [&](const Chosen& one) {
      return one.record.id == record.id && one.record.manifest == record.manifest;
    });
    if (same == out.end()) {
      Chosen chosen;
      TRY_SET(const Fd blob, store.open_blob(record.manifest));
      TRY_SET(chosen.manifest_text, read_all(blob.get(), kManifestLimit));
      TRY_SET(chosen.manifest, oci::parse_manifest(chosen.manifest_text, {}));
      chosen.record = std::move(record);
      if (chosen.manifest.layers.size() != chosen.record.diff_ids.size()) {
        return fail(Code::kFailed, "the record of image " + given + " does not fit its manifest");
      }
      same = out.insert(out.end(), std::move(chosen));
    }
    const std::string name = name_meant(same->record, given);
    if (!name.empty() && std::find(same->names.begin(), same->names.end(), name) == same->names.end()) {
      same->names.push_back(name);
    }
  }
  return out;
}

Result<std::unique_ptr<LocalDestination>> destination_for(Engine& engine, ArchiveFormat format, int fd) {
  switch (format) {
    case ArchiveFormat::kDockerArchive:
      return docker_archive(engine, {.fd = fd});
    case ArchiveFormat::kOciArchive:
      return layout_archive({.fd = fd});
    case ArchiveFormat::kOciDir:
    case ArchiveFormat::kDockerDir:
      break;
  }
  TRY_SET(Fd dir, open_at(fd, ".", O_RDONLY | O_DIRECTORY));
  if (format == ArchiveFormat::kOciDir) return layout_directory(std::move(dir), "the directory");
  return image_directory(std::move(dir), "the directory");
}

}  // namespace

Result<void> save(Engine& engine, const std::vector<std::string>& images, const SaveOptions& options, int fd,
                  Progress& progress) {
  const ArchiveFormat format = options.format;
  TRY_SET(Store * store, engine.store());
  TRY_SET(const std::vector<Chosen> chosen, choose(engine, *store, images));
  if (format == ArchiveFormat::kDockerDir && chosen.size() != 1) {
    return fail(Code::kInvalid, "docker-dir holds one image, not several");
  }
  for (const Chosen& image : chosen) {
    TRY(require_platform(image.record.config, options.platform));
    TRY(check_leaving(engine, image.record, options.signature_policy));
  }
  TRY_SET(const auto destination, destination_for(engine, format, fd));
  Saving saving(engine, *store, *destination, progress);
  for (const Chosen& image : chosen) {
    TRY(format == ArchiveFormat::kDockerDir ? saving.docker_directory(image, options.compress)
                                            : saving.as_it_is(image));
  }
  return destination->finish();
}

}  // namespace creel::engine::transfer
