// Files become an artifact of the image specification: a manifest whose layers they are.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/transfer/manifest_list_edit.h"
#include "storage/unpack/unpack.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
using nlohmann::ordered_json;
using storage::Store;

namespace {

constexpr const char* kEmptyType = "application/vnd.oci.empty.v1+json";
constexpr const char* kEmpty = "{}";
constexpr const char* kUnknownType = "application/vnd.unknown.artifact.v1";
constexpr std::size_t kConfigLimit = 8 << 20;
constexpr std::size_t kPart = 1 << 20;

// Copies the file into the staging directory as `name`.
Result<oci::Descriptor> take(const storage::Staging& staging, const std::string& name, const std::string& path) {
  TRY_SET(const Fd file, open_file(path, O_RDONLY));
  TRY_SET(const Fd copy, open_at(staging.dir(), name, O_WRONLY | O_CREAT | O_EXCL, 0644));
  storage::unpack::Sha256 hash;
  oci::Descriptor out;
  std::string part(kPart, '\0');
  for (;;) {
    const ssize_t size = ::read(file.get(), part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno_error("reading " + path);
    if (size == 0) break;
    const std::string_view bytes(part.data(), static_cast<std::size_t>(size));
    hash.update(bytes);
    TRY(write_all(copy.get(), bytes));
    out.size += size;
  }
  out.digest = hash.finish();
  return out;
}

ordered_json descriptor(const oci::Descriptor& of, const std::string& type) {
  return {{"mediaType", type}, {"digest", of.digest.text()}, {"size", of.size}};
}

}  // namespace

Result<std::string> add_artifact(Engine& engine, const std::string& list, const std::vector<std::string>& files,
                                 const ArtifactOptions& options) {
  TRY(find_list(engine, list));
  TRY_SET(Store * store, engine.store(Store::Access::kWrite));
  ListEntry entry;
  entry.artifact_type = options.type.empty() ? kUnknownType : options.type;
  std::string config = kEmpty;
  std::string config_type = options.config_type.empty() ? kEmptyType : options.config_type;
  if (!options.config_path.empty()) {
    TRY_SET(config, read_file(options.config_path, kConfigLimit));
    if (options.config_type.empty()) config_type = oci::kOciConfig;
  }
  const Text config_text = text_blob(config);
  ordered_json manifest = {
      {"schemaVersion", 2}, {"mediaType", oci::kOciManifest}, {"artifactType", entry.artifact_type}};
  manifest["config"] = {
      {"mediaType", config_type}, {"digest", config_text.digest.text()}, {"size", config_text.bytes.size()}};
  manifest["layers"] = ordered_json::array();
  TRY_SET(const storage::Staging staging, store->new_staging());
  Fresh fresh;
  fresh.staging = &staging;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string name = "file-" + std::to_string(i);
    TRY_SET(const oci::Descriptor blob, take(staging, name, files[i]));
    ordered_json layer = descriptor(blob, options.layer_type.empty() ? "application/octet-stream" : options.layer_type);
    if (options.titles) {
      layer["annotations"] = {{"org.opencontainers.image.title", files[i].substr(files[i].rfind('/') + 1)}};
    }
    manifest["layers"].push_back(std::move(layer));
    const auto same = [&](const Fresh::File& one) { return one.digest == blob.digest; };
    if (std::none_of(fresh.files.begin(), fresh.files.end(), same)) fresh.files.push_back({name, blob.digest});
  }
  if (!options.subject.empty()) {
    TRY_SET(const oci::Descriptor subject, subject_descriptor(engine, options.subject));
    manifest["subject"] = descriptor(subject, subject.media_type);
  }
  const Text text = text_blob(manifest.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  entry.descriptor = {oci::kOciManifest, text.digest, std::ssize(text.bytes), std::nullopt, {}};
  apply(options.entry, entry);
  fresh.texts = {config_text, text};
  const auto edit = [&](ManifestList& document) -> Result<void> {
    document.entries.push_back(entry);
    return {};
  };
  return edit_list(engine, list, edit, fresh);
}

}  // namespace creel::engine::transfer
