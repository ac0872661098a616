#include "registry/archive/reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "registry/archive/decompress.h"
#include "registry/oci/json.h"
#include "registry/oci/manifest.h"

namespace creel::registry::archive {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxImages = 1000;
constexpr const char* kManifest = "manifest.json";

Error bad(const std::string& label, const std::string& why) {
  return fail(Code::kInvalid, label.empty() ? why : label + ": " + why);
}

Result<Member> need(const FileSet& files, const std::string& name, const std::string& label) {
  TRY_SET(auto found, files.find(name));
  if (!found) return bad(label, "the file " + oci::printable(name) + " is missing");
  return std::move(*found);
}

Result<json> document(const FileSet& files, const std::string& label) {
  TRY_SET(const std::string bytes, read_named(files, kManifest, oci::kMaxManifestBytes, label));
  json value = oci::parse_json(bytes);
  if (value.is_discarded()) return bad(label, std::string(kManifest) + " is not valid JSON");
  return value;
}

Result<DockerImage> image_of(const FileSet& files, const json& item, const std::string& label) {
  const std::string config = oci::string_member(item, "Config");
  if (config.empty()) return bad(label, "manifest.json has an image without a Config");
  const json* layers = oci::member(item, "Layers");
  if (layers == nullptr || !(layers->is_array() || layers->is_null())) {
    return bad(label, "manifest.json has an image without Layers");
  }
  DockerImage image;
  TRY_SET(image.config, need(files, config, label));
  for (const json& layer : *layers) {
    const auto* name = layer.get_ptr<const std::string*>();
    if (name == nullptr) return bad(label, "manifest.json names a layer with something that is no text");
    TRY_SET(Member member, need(files, *name, label));
    image.layers.push_back(std::move(member));
  }
  if (const json* tags = oci::member(item, "RepoTags"); tags != nullptr && tags->is_array()) {
    for (const json& tag : *tags) {
      if (const auto* name = tag.get_ptr<const std::string*>()) image.names.push_back(*name);
    }
  }
  return image;
}

}  // namespace

Result<std::string> read_named(const FileSet& files, const std::string& name, std::int64_t limit,
                               const std::string& label) {
  TRY_SET(const Member member, need(files, name, label));
  return read_member_text(member, limit, label.empty() ? name : label + ": " + name);
}

Result<Kind> kind_of(const FileSet& files, const std::string& label) {
  TRY_SET(const auto index, files.find("index.json"));
  if (index) return Kind::kLayout;
  TRY_SET(const auto manifest, files.find(kManifest));
  if (!manifest) return bad(label, "it is no image archive: there is neither an index.json nor a manifest.json in it");
  TRY_SET(const json list, document(files, label));
  return list.is_array() ? Kind::kDockerArchive : Kind::kDirectory;
}

Result<std::vector<DockerImage>> read_docker_archive(const FileSet& files, const std::string& label) {
  TRY_SET(const json list, document(files, label));
  if (!list.is_array()) return bad(label, "manifest.json is no list of images");
  std::vector<DockerImage> out;
  for (const json& item : list) {
    TRY_SET(DockerImage image, image_of(files, item, label));
    out.push_back(std::move(image));
    if (out.size() > kMaxImages) return bad(label, "it has more than 1000 images");
  }
  if (out.empty()) return bad(label, "there is no image in it");
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
