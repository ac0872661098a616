// save: images from the store into an archive or a directory. Reads only; needs no user namespace.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "engine/image/transfer/naming.h"
#include "engine/image/transfer/transfer.h"
#include "engine/json.h"
#include "registry/archive/decompress.h"
#include "registry/archive/writer.h"
#include "registry/oci/manifest.h"
#include "storage/unpack/unpack.h"

namespace creel::engine::transfer {

namespace archive = registry::archive;
namespace oci = registry::oci;
using archive::Member;
using nlohmann::ordered_json;
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
  Saving(Store& store, archive::Writer& writer, Progress& progress)
      : store_(store), writer_(writer), progress_(progress) {}

  Result<void> docker_archive(const std::vector<Chosen>& images);
  Result<void> oci_layout(const std::vector<Chosen>& images);
  Result<void> docker_directory(const Chosen& image, bool compress);

 private:
  Result<void> add(const std::string& name, const Member& member, const Digest& digest);
  Result<Member> blob(const Digest& digest) const;
  Result<Member> inflated(const Digest& blob, const Digest& diff_id) const;
  Result<oci::Descriptor> deflated(const oci::Descriptor& layer, Member& member) const;
  Result<Fd> scratch() const;

  Store& store_;
  archive::Writer& writer_;
  Progress& progress_;
};

Result<Member> Saving::blob(const Digest& digest) const {
  TRY_SET(Fd fd, store_.open_blob(digest));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return errno_error("reading blob " + digest.text());
  return Member{std::make_shared<const Fd>(std::move(fd)), 0, info.st_size};
}

// On the store's disk, nameless: it goes with its descriptor.
Result<Fd> Saving::scratch() const {
  return open_file(store_.paths().staging(), O_TMPFILE | O_RDWR, 0600);
}

// The layer's plain tar: a tar's header says the size before the content, so it is made whole first.
Result<Member> Saving::inflated(const Digest& digest, const Digest& diff_id) const {
  TRY_SET(const Member kept, blob(digest));
  if (digest == diff_id) return kept;
  TRY_SET(Fd file, scratch());
  storage::unpack::Sha256 hash;
  std::int64_t size = 0;
  const auto keep = [&](std::string_view bytes) {
    hash.update(bytes);
    size += std::ssize(bytes);
    return write_all(file.get(), bytes);
  };
  auto done = archive::decompress(archive::source_of(kept), keep);
  if (!done.ok()) return std::move(done).error().within("blob " + digest.text() + " in the store");
  if (hash.finish() != diff_id) {
    return fail(Code::kFailed,
                "blob " + digest.text() + " in the store is damaged: it does not unpack to " + diff_id.text())
        .with_hint("remove the image with creel rmi and pull it again");
  }
  return Member{std::make_shared<const Fd>(std::move(file)), 0, size};
}

// `member` compressed with gzip, and its descriptor.
Result<oci::Descriptor> Saving::deflated(const oci::Descriptor& layer, Member& member) const {
  TRY_SET(Fd file, scratch());
  storage::unpack::Sha256 hash;
  std::int64_t size = 0;
  const auto keep = [&](std::string_view bytes) {
    hash.update(bytes);
    size += std::ssize(bytes);
    return write_all(file.get(), bytes);
  };
  TRY(archive::compress_gzip(archive::source_of(member), keep));
  member = Member{std::make_shared<const Fd>(std::move(file)), 0, size};
  oci::Descriptor out = layer;
  out.media_type = oci::kDockerLayerGzip;
  out.digest = hash.finish();
  out.size = size;
  return out;
}

Result<void> Saving::add(const std::string& name, const Member& member, const Digest& digest) {
  TRY(writer_.add(name, member));
  progress_.blob_done(digest.text(), "done");
  return {};
}

// As `docker save` and `podman save` write it: plain layers by DiffID, configurations by ID, manifest.json and the old
// "repositories".
Result<void> Saving::docker_archive(const std::vector<Chosen>& images) {
  ordered_json manifest = ordered_json::array();
  ordered_json repositories = ordered_json::object();
  std::set<std::string> written;
  for (const Chosen& image : images) {
    ordered_json layers = ordered_json::array();
    for (std::size_t i = 0; i < image.record.diff_ids.size(); ++i) {
      const Digest& diff_id = image.record.diff_ids[i];
      const std::string name = diff_id.hex() + ".tar";
      layers.push_back(name);
      if (!written.insert(name).second) continue;
      TRY_SET(const Member plain, inflated(image.manifest.layers[i].digest, diff_id));
      TRY(add(name, plain, image.manifest.layers[i].digest));
    }
    const std::string config = image.record.id + ".json";
    TRY(writer_.add(config, image.record.config));
    manifest.push_back({{"Config", config}, {"RepoTags", image.names}, {"Layers", std::move(layers)}});
    for (const std::string& name : image.names) {
      const std::size_t colon = name.rfind(':');
      repositories[name.substr(0, colon)][name.substr(colon + 1)] =
          image.record.diff_ids.empty() ? image.record.id : image.record.diff_ids.back().hex();
    }
  }
  TRY(writer_.add("manifest.json", manifest.dump()));
  TRY(writer_.add("repositories", repositories.dump()));
  return writer_.finish();
}

// The blobs as they were pulled: manifests keep their digests.
Result<void> Saving::oci_layout(const std::vector<Chosen>& images) {
  ordered_json entries = ordered_json::array();
  std::set<Digest> blobs;
  for (const Chosen& image : images) {
    const std::string type = image.manifest.media_type.empty() ? oci::kOciManifest : image.manifest.media_type;
    ordered_json entry = {
        {"mediaType", type}, {"digest", image.record.manifest.text()}, {"size", image.manifest_text.size()}};
    if (image.names.empty()) entries.push_back(entry);
    for (const std::string& name : image.names) {
      ordered_json named = entry;
      named["annotations"] = {{"org.opencontainers.image.ref.name", name}};
      entries.push_back(std::move(named));
    }
    blobs.insert(image.record.manifest);
    blobs.insert(image.manifest.config.digest);
    for (const oci::Descriptor& layer : image.manifest.layers) blobs.insert(layer.digest);
  }
  const ordered_json index = {{"schemaVersion", 2}, {"mediaType", oci::kOciIndex}, {"manifests", std::move(entries)}};
  TRY(writer_.add("oci-layout", R"({"imageLayoutVersion":"1.0.0"})"));
  TRY(writer_.add("index.json", index.dump()));
  for (const Digest& digest : blobs) {
    TRY_SET(const Member member, blob(digest));
    TRY(add("blobs/sha256/" + digest.hex(), member, digest));
  }
  return writer_.finish();
}

std::string docker_type(const std::string& type) {
  if (type == oci::kOciLayerGzip || type == oci::kDockerLayerGzip) return oci::kDockerLayerGzip;
  if (type == oci::kOciLayerZstd) return std::string(kDockerLayer) + ".zstd";
  return type == oci::kOciLayer ? kDockerLayer : type;
}

// skopeo's "dir:": a schema 2 manifest beside blobs named by their digests.
Result<void> Saving::docker_directory(const Chosen& image, bool compress) {
  const bool as_pulled = image.manifest.media_type == oci::kDockerManifest;
  bool changed = false;
  std::vector<oci::Descriptor> layers;
  std::set<Digest> written;
  for (oci::Descriptor layer : image.manifest.layers) {
    TRY_SET(Member member, blob(layer.digest));
    layer.media_type = docker_type(layer.media_type);
    if (compress && layer.media_type == kDockerLayer) {
      TRY_SET(layer, deflated(layer, member));
      changed = true;
    }
    if (written.insert(layer.digest).second) TRY(add(layer.digest.hex(), member, layer.digest));
    layers.push_back(std::move(layer));
  }
  oci::Descriptor config = image.manifest.config;
  config.media_type = oci::kDockerConfig;
  TRY(writer_.add(config.digest.hex(), image.record.config));
  TRY(writer_.add("manifest.json",
                  as_pulled && !changed ? image.manifest_text : oci::make_manifest(config, layers, true)));
  TRY(writer_.add("version", "Directory Transport Version: 1.1\n"));
  return writer_.finish();
}

Result<std::vector<Chosen>> choose(Engine& engine, Store& store, const std::vector<std::string>& images) {
  std::vector<Chosen> out;
  for (const std::string& given : images) {
    TRY_SET(ImageRecord record, find_image(engine, given));
    auto same = std::find_if(out.begin(), out.end(), [&](const Chosen& one) { return one.record.id == record.id; });
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

}  // namespace

Result<void> save(Engine& engine, const std::vector<std::string>& images, ArchiveFormat format, int fd, bool compress,
                  Progress& progress) {
  TRY_SET(Store * store, engine.store());
  TRY_SET(const std::vector<Chosen> chosen, choose(engine, *store, images));
  const bool directory = format == ArchiveFormat::kOciDir || format == ArchiveFormat::kDockerDir;
  const auto writer = directory ? archive::directory_writer(fd) : archive::tar_writer(fd);
  Saving saving(*store, *writer, progress);
  switch (format) {
    case ArchiveFormat::kDockerArchive:
      return saving.docker_archive(chosen);
    case ArchiveFormat::kOciArchive:
    case ArchiveFormat::kOciDir:
      return saving.oci_layout(chosen);
    case ArchiveFormat::kDockerDir:
      if (chosen.size() != 1) return fail(Code::kInvalid, "docker-dir holds one image, not several");
      return saving.docker_directory(chosen.front(), compress);
  }
  return fail(Code::kInvalid, "unknown archive format");
}

}  // namespace creel::engine::transfer
