#include "engine/image/transfer/local_source.h"

#include <fcntl.h>

#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/transfer/naming.h"
#include "registry/archive/decompress.h"
#include "registry/archive/layout_index.h"
#include "registry/oci/json.h"
#include "storage/unpack/unpack.h"

namespace creel::engine::transfer {

namespace archive = registry::archive;
namespace oci = registry::oci;
using archive::DockerImage;
using archive::Member;
using registry::FetchedManifest;

namespace {

constexpr std::int64_t kConfigLimit = 8 << 20;

Result<FetchedManifest> verified(std::string bytes, std::string media_type, const Digest& wanted) {
  Text text = text_blob(std::move(bytes));
  if (!wanted.empty() && text.digest != wanted) {
    return fail(Code::kInvalid, "digest mismatch: the manifest " + wanted.text() + " has " + text.digest.text());
  }
  return FetchedManifest{std::move(text.bytes), std::move(media_type), text.digest};
}

Result<void> copy_file(const archive::FileSet& files, const std::string& name, const Sink& sink) {
  TRY_SET(const auto member, files.find(name));
  if (!member) return fail(Code::kInvalid, "the file " + name + " is missing");
  return archive::read_member(*member, sink);
}

class LayoutSource : public ImageSource {
 public:
  LayoutSource(Files files, archive::LayoutIndex index, oci::Descriptor top, std::vector<std::string> names)
      : files_(std::move(files)), index_(std::move(index)), top_(std::move(top)), names_(std::move(names)) {}

  Result<FetchedManifest> manifest(const std::optional<Digest>& instance) override {
    const Digest& wanted = instance ? *instance : top_.digest;
    TRY_SET(const auto member, files_->find(blob_name(wanted)));
    if (!member) return fail(Code::kNotFound, "it has no manifest " + wanted.text());
    TRY_SET(std::string bytes, archive::read_member_text(*member, oci::kMaxManifestBytes, "the manifest"));
    return verified(std::move(bytes), wanted == top_.digest ? top_.media_type : std::string(), wanted);
  }
  Result<void> fetch(const oci::Descriptor& blob, const Sink& sink) override {
    return copy_file(*files_, blob_name(blob.digest), sink);
  }
  [[nodiscard]] std::vector<std::string> names() const override { return names_; }
  // The index names them beside the images; what is missing or too large refers to nothing.
  Result<std::vector<oci::Referrer>> referrers(const Digest& subject) override {
    std::vector<oci::Referrer> out;
    for (const auto& entry : index_.entries()) {
      auto fetched = manifest(entry.descriptor.digest);
      if (!fetched.ok()) continue;
      const auto about = oci::subject_of(fetched->text);
      if (about && about->digest == subject) {
        out.push_back(oci::describe_referrer(fetched->text, entry.descriptor.media_type, fetched->digest));
      }
    }
    return out;
  }

 private:
  static std::string blob_name(const Digest& digest) { return "blobs/sha256/" + digest.hex(); }
  Files files_;
  archive::LayoutIndex index_;
  oci::Descriptor top_;
  std::vector<std::string> names_;
};

class DirectorySource : public ImageSource {
 public:
  explicit DirectorySource(Files files) : files_(std::move(files)) {}

  Result<FetchedManifest> manifest(const std::optional<Digest>& instance) override {
    const std::string own = "manifest.json";
    if (instance) {
      const std::string name = instance->hex() + "." + own;
      TRY_SET(const auto member, files_->find(name));
      if (member) {
        TRY_SET(std::string bytes, archive::read_member_text(*member, oci::kMaxManifestBytes, name));
        return verified(std::move(bytes), {}, *instance);
      }
    }
    TRY_SET(std::string bytes, archive::read_named(*files_, own, oci::kMaxManifestBytes, {}));
    TRY_SET(FetchedManifest top, verified(std::move(bytes), {}, {}));
    if (instance && top.digest != *instance) {
      return fail(Code::kNotFound, "it has no manifest " + instance->text());
    }
    return top;
  }
  Result<void> fetch(const oci::Descriptor& blob, const Sink& sink) override {
    return copy_file(*files_, blob.digest.hex(), sink);
  }

 private:
  Files files_;
};

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
  out.media_type = archive::layer_type(start);
  return out;
}

class DockerArchiveSource : public ImageSource {
 public:
  DockerArchiveSource(DockerImage image, std::vector<std::string> names)
      : image_(std::move(image)), names_(std::move(names)) {}

  Result<FetchedManifest> manifest(const std::optional<Digest>& instance) override {
    if (manifest_.text.empty()) TRY(make());
    if (!instance || *instance == manifest_.digest) return manifest_;
    return fail(Code::kNotFound, "it has no manifest " + instance->text());
  }
  Result<void> fetch(const oci::Descriptor& blob, const Sink& sink) override {
    const auto found = members_.find(blob.digest);
    if (found == members_.end()) return fail(Code::kNotFound, "it has no blob " + blob.digest.text());
    return archive::read_member(found->second, sink);
  }
  [[nodiscard]] std::vector<std::string> names() const override { return names_; }
  [[nodiscard]] bool made_up() const override { return true; }

 private:
  Result<void> make() {
    TRY_SET(std::string bytes, archive::read_member_text(image_.config, kConfigLimit, "the image's configuration"));
    const Text config = text_blob(std::move(bytes));
    TRY_SET(const std::vector<Digest> diff_ids, oci::diff_ids(config.bytes));
    if (diff_ids.size() != image_.layers.size()) {
      return fail(Code::kInvalid, "manifest.json names " + std::to_string(image_.layers.size()) +
                                      " layers, the configuration " + std::to_string(diff_ids.size()));
    }
    std::vector<oci::Descriptor> layers;
    for (std::size_t i = 0; i < diff_ids.size(); ++i) {
      TRY_SET(oci::Descriptor layer, describe(image_.layers[i], diff_ids[i]));
      members_.insert_or_assign(layer.digest, image_.layers[i]);
      layers.push_back(std::move(layer));
    }
    members_.insert_or_assign(config.digest, image_.config);
    const oci::Descriptor config_blob{
        .media_type = oci::kOciConfig, .digest = config.digest, .size = std::ssize(config.bytes)};
    Text text = text_blob(oci::make_manifest(config_blob, layers, false));
    manifest_ = {std::move(text.bytes), oci::kOciManifest, text.digest};
    return {};
  }

  DockerImage image_;
  std::vector<std::string> names_;
  FetchedManifest manifest_;
  std::map<Digest, Member> members_;
};

// "busybox" and "docker.io/library/busybox:latest" are one name.
bool same_name(const std::string& a, const std::string& b) {
  const auto left = parse_reference(a), right = parse_reference(b);
  return left.ok() && right.ok() && left->text() == right->text();
}

}  // namespace

Result<std::unique_ptr<ImageSource>> layout_source(Files files, const std::string& label,
                                                   const std::string& reference) {
  TRY_SET(const std::string bytes, archive::read_named(*files, "index.json", oci::kMaxManifestBytes, label));
  auto index = archive::LayoutIndex::parse(bytes);
  if (!index.ok()) return std::move(index).error().within(label);
  auto top = index->find(reference);
  if (!top.ok()) return std::move(top).error().within(label);
  std::vector<std::string> names;
  for (const auto& entry : index->entries()) {
    if (entry.descriptor.digest != top->digest || entry.names.empty()) continue;
    // A reference there may be any text; what is no name of an image is none.
    const auto name = parse_local_reference(entry.names.front());
    if (!name.ok() || name->tag.empty()) continue;
    if (!reference.empty() && !reference.starts_with('@') &&
        std::find(entry.names.begin(), entry.names.end(), reference) == entry.names.end())
      continue;
    names.push_back(name->repository() + ":" + name->tag);
  }
  return std::unique_ptr<ImageSource>(
      std::make_unique<LayoutSource>(std::move(files), std::move(*index), std::move(*top), std::move(names)));
}

std::unique_ptr<ImageSource> directory_source(Files files) {
  return std::make_unique<DirectorySource>(std::move(files));
}

Result<std::unique_ptr<ImageSource>> docker_archive_source(DockerImage image, const std::string& label) {
  std::vector<std::string> names;
  for (const std::string& name : image.names) {
    auto reference = parse_reference(name);
    if (!reference.ok()) return std::move(reference).error().within(label);
    if (!reference->tag.empty()) names.push_back(reference->repository() + ":" + reference->tag);
  }
  return std::unique_ptr<ImageSource>(std::make_unique<DockerArchiveSource>(std::move(image), std::move(names)));
}

Result<DockerImage> choose_docker_image(std::vector<DockerImage> images, const std::string& reference,
                                        const std::string& label) {
  if (reference.starts_with('@')) {
    TRY_SET(const std::int64_t number, parse_int(reference.substr(1), "number of an image"));
    if (number < std::ssize(images)) return std::move(images[static_cast<std::size_t>(number)]);
    return fail(Code::kNotFound,
                label + ": there is no image " + reference + ": it has " + std::to_string(images.size()));
  }
  if (reference.empty()) {
    if (images.size() == 1) return std::move(images.front());
    return fail(Code::kInvalid, label + ": it has " + std::to_string(images.size()) + " images")
        .with_hint("append :NAME, or :@0 for the first one");
  }
  for (DockerImage& image : images) {
    for (std::string name : image.names) {
      if (!same_name(name, reference)) continue;
      image.names = {std::move(name)};
      return std::move(image);
    }
  }
  return fail(Code::kNotFound, label + ": no image is called " + oci::printable(reference));
}

Result<Fd> scratch_file(Engine& engine) {
  return open_file(engine.paths().staging(), O_TMPFILE | O_RDWR, 0600);
}

Result<Files> open_files(Engine& engine, Fd fd, const std::string& label) {
  TRY_SET(std::unique_ptr<archive::FileSet> files, archive::open_archive(std::move(fd), label, [&]() -> Result<Fd> {
            TRY(engine.store(storage::Store::Access::kWrite));
            return scratch_file(engine);
          }));
  return Files(std::move(files));
}

}  // namespace creel::engine::transfer
