#include "registry/archive/reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "registry/archive/decompress.h"

namespace creel::registry::archive {

using nlohmann::json;

namespace {

constexpr std::int64_t kManifestLimit = 4 << 20;
constexpr std::size_t kMaxImages = 1000;
constexpr const char* kRefName = "org.opencontainers.image.ref.name";
constexpr const char* kContainerdName = "io.containerd.image.name";

// One archive being read.
struct Reading {
  const FileSet& files;
  const oci::Platform& wanted;
  const std::string& label;

  [[nodiscard]] Error bad(const std::string& why) const { return fail(Code::kInvalid, label + ": " + why); }

  [[nodiscard]] Result<Member> need(const std::string& name) const {
    TRY_SET(auto found, files.find(name));
    if (!found) return bad("the file " + name + " is missing");
    return std::move(*found);
  }
  [[nodiscard]] Result<std::string> text(const std::string& name) const {
    TRY_SET(const Member member, need(name));
    return read_member_text(member, kManifestLimit, label + ": " + name);
  }
  [[nodiscard]] Result<json> document(const std::string& name) const {
    TRY_SET(const std::string bytes, text(name));
    json value = json::parse(bytes, nullptr, false);
    if (value.is_discarded()) return bad(name + " is not valid JSON");
    return value;
  }

  // Config and layers by digest; `directory` is what stands before the hex digits.
  Result<void> take_blobs(const std::string& directory, ArchivedImage& image) const {
    TRY_SET(const oci::Manifest manifest, parsed(image));
    TRY_SET(image.config, need(directory + manifest.config.digest.hex()));
    for (const oci::Descriptor& layer : manifest.layers) {
      TRY_SET(Member member, need(directory + layer.digest.hex()));
      image.layers.push_back(std::move(member));
    }
    return {};
  }
  [[nodiscard]] Result<oci::Manifest> parsed(const ArchivedImage& image) const {
    auto manifest = oci::parse_manifest(image.manifest, image.media_type);
    if (!manifest.ok()) return std::move(manifest).error().within(label);
    return manifest;
  }

  [[nodiscard]] Result<std::vector<ArchivedImage>> docker(const json& list) const;
  [[nodiscard]] Result<std::vector<ArchivedImage>> layout() const;
  [[nodiscard]] Result<ArchivedImage> layout_image(const oci::Descriptor& entry) const;
  [[nodiscard]] Result<ArchivedImage> directory() const;
};

const std::string* text_member(const json& object, const char* key) {
  auto found = object.find(key);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

Result<std::vector<ArchivedImage>> Reading::docker(const json& list) const {
  std::vector<ArchivedImage> out;
  for (const json& item : list) {
    const std::string* config = item.is_object() ? text_member(item, "Config") : nullptr;
    if (config == nullptr) return bad("manifest.json has an image without a Config");
    auto layers = item.find("Layers");
    if (layers == item.end() || !(layers->is_array() || layers->is_null())) {
      return bad("manifest.json has an image without Layers");
    }
    ArchivedImage image;
    image.names_are = ArchivedImage::Names::kDocker;
    TRY_SET(image.config, need(*config));
    for (const json& layer : *layers) {
      const auto* name = layer.get_ptr<const std::string*>();
      if (name == nullptr) return bad("manifest.json names a layer with something that is no text");
      TRY_SET(Member member, need(*name));
      image.layers.push_back(std::move(member));
    }
    if (auto tags = item.find("RepoTags"); tags != item.end() && tags->is_array()) {
      for (const json& tag : *tags) {
        if (const auto* name = tag.get_ptr<const std::string*>()) image.names.push_back(*name);
      }
    }
    out.push_back(std::move(image));
    if (out.size() > kMaxImages) return bad("it has more than 1000 images");
  }
  if (out.empty()) return bad("there is no image in it");
  return out;
}

Result<ArchivedImage> Reading::layout_image(const oci::Descriptor& entry) const {
  ArchivedImage image;
  const auto annotation = [&](const char* key) {
    auto found = entry.annotations.find(key);
    return found == entry.annotations.end() ? std::string() : found->second;
  };
  std::string name = annotation(kContainerdName);
  if (name.empty()) name = annotation(kRefName);
  if (!name.empty()) image.names.push_back(name);
  const std::string blob = "blobs/sha256/" + entry.digest.hex();
  TRY_SET(image.manifest, text(blob));
  image.media_type = entry.media_type;
  if (oci::is_index(image.manifest, image.media_type)) {
    auto index = oci::parse_index(image.manifest, image.media_type);
    if (!index.ok()) return std::move(index).error().within(label);
    auto chosen = oci::choose(*index, wanted);
    if (!chosen.ok()) return std::move(chosen).error().within(label);
    TRY_SET(image.manifest, text("blobs/sha256/" + chosen->digest.hex()));
    image.media_type = chosen->media_type;
  }
  TRY(take_blobs("blobs/sha256/", image));
  return image;
}

Result<std::vector<ArchivedImage>> Reading::layout() const {
  TRY_SET(const std::string bytes, text("index.json"));
  auto index = oci::parse_index(bytes, oci::kOciIndex);
  if (!index.ok()) return std::move(index).error().within(label + ": index.json");
  if (index->manifests.empty()) return bad("there is no image in it");
  if (index->manifests.size() > kMaxImages) return bad("it has more than 1000 images");
  std::vector<ArchivedImage> out;
  for (const oci::Descriptor& entry : index->manifests) {
    TRY_SET(ArchivedImage image, layout_image(entry));
    out.push_back(std::move(image));
  }
  return out;
}

Result<ArchivedImage> Reading::directory() const {
  ArchivedImage image;
  TRY_SET(image.manifest, text("manifest.json"));
  if (oci::is_index(image.manifest, {})) return bad("manifest.json is a list of images, not one");
  TRY(take_blobs("", image));
  return image;
}

}  // namespace

Result<std::vector<ArchivedImage>> read_images(const FileSet& files, const oci::Platform& wanted,
                                               const std::string& label) {
  const Reading reading{files, wanted, label};
  TRY_SET(const auto index, files.find("index.json"));
  // Docker writes both; what has the manifests is the richer one.
  if (index) return reading.layout();
  TRY_SET(const auto manifest, files.find("manifest.json"));
  if (!manifest) return reading.bad("it is no image archive: there is neither an index.json nor a manifest.json in it");
  TRY_SET(const json document, reading.document("manifest.json"));
  if (document.is_array()) return reading.docker(document);
  TRY_SET(ArchivedImage image, reading.directory());
  std::vector<ArchivedImage> out;
  out.push_back(std::move(image));
  return out;
}

Result<std::unique_ptr<FileSet>> open_archive(Fd input, const std::string& label,
                                              const std::function<Result<Fd>()>& spool) {
  struct stat info {};
  if (fstat(input.get(), &info) != 0) return errno_error("reading " + label);
  if (S_ISDIR(info.st_mode)) return open_directory(std::move(input));
  if (S_ISREG(info.st_mode)) {
    char start[8];
    const off_t at = lseek(input.get(), 0, SEEK_CUR);
    const ssize_t got = at < 0 ? -1 : pread(input.get(), start, sizeof start, at);
    if (got < 0) return errno_error("reading " + label);
    if (!is_compressed({start, static_cast<std::size_t>(got)})) return open_tar(std::move(input), label);
  }
  TRY_SET(Fd file, spool());
  auto copied =
      decompress(source_of(input.get(), label), [&](std::string_view bytes) { return write_all(file.get(), bytes); });
  if (!copied.ok()) return std::move(copied).error().within("reading " + label);
  if (lseek(file.get(), 0, SEEK_SET) != 0) return errno_error("reading " + label);
  return open_tar(std::move(file), label);
}

}  // namespace creel::registry::archive
