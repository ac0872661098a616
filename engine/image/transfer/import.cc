// import: the tar of a root file system becomes an image of one layer.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/transfer/changes.h"
#include "engine/image/transfer/install.h"
#include "engine/image/transfer/naming.h"
#include "engine/json.h"
#include "registry/archive/decompress.h"
#include "storage/unpack/unpack.h"

namespace creel::engine::transfer {

namespace archive = registry::archive;
namespace oci = registry::oci;
namespace unpack = storage::unpack;
using nlohmann::json;
using storage::Staging;
using storage::Store;

namespace {

constexpr const char* kBlobName = "blob";
constexpr const char* kTreeName = "layer";

struct Layer {
  unpack::Unpacked unpacked;
  std::string media_type;
};

// A tee: what is read is kept as the layer's blob while it is unpacked. Runs in unpack's thread.
Result<Layer> take_layer(Fd fd, const std::string& source, int staging, bool user_xattr, Progress& progress) {
  TRY_SET(const Fd blob, open_at(staging, kBlobName, O_WRONLY | O_CREAT | O_EXCL, 0644));
  if (mkdirat(staging, kTreeName, 0755) != 0) return errno_error("making a directory in the store");
  TRY_SET(const Fd tree, open_at(staging, kTreeName, O_RDONLY | O_DIRECTORY));
  const archive::Source input = archive::source_of(fd.get(), source);
  std::string start;
  std::int64_t size = 0;
  const auto tee = [&]() -> Result<std::string_view> {
    TRY_SET(const std::string_view bytes, input());
    if (start.size() < 8) start.append(bytes.substr(0, 8));
    TRY(write_all(blob.get(), bytes));
    size += std::ssize(bytes);
    progress.blob(source, size, -1);
    return bytes;
  };
  TRY_SET(unpack::Unpacked unpacked, unpack::unpack_layer(tee, tree.get(), {.user_xattr = user_xattr}));
  if (size == 0) return fail(Code::kInvalid, "it is empty");
  const char* type = !archive::is_compressed(start)          ? oci::kOciLayer
                     : start.starts_with("\x1f\x8b")         ? oci::kOciLayerGzip
                     : start.starts_with("\x28\xb5\x2f\xfd") ? oci::kOciLayerZstd
                                                             : oci::kOciLayer;
  return Layer{std::move(unpacked), type};
}

Result<std::string> make_config(const ImportOptions& options, const std::string& source, const Digest& diff_id) {
  TRY_SET(const Platform platform, parse_platform(options.platform));
  json section = json::object();
  for (const std::string& change : options.changes) TRY(apply_change(change, section));
  const std::string created = format_rfc3339(now_ns());
  json document = {{"created", created}, {"architecture", platform.architecture}, {"os", platform.os}};
  if (!platform.variant.empty()) document["variant"] = platform.variant;
  document["config"] = std::move(section);
  document["rootfs"] = {{"type", "layers"}, {"diff_ids", json::array({diff_id.text()})}};
  document["history"] =
      json::array({{{"created", created},
                    {"created_by", "/bin/sh -c #(nop) ADD file:" + diff_id.hex() + " in /"},
                    {"comment", options.message.empty() ? "Imported from " + source : options.message}}});
  return dump_json(document);
}

// Its only layer has arrived already.
struct NoSource : BlobSource {
  Result<void> fetch(const oci::Descriptor& blob, const Sink&) override {
    return fail(Code::kFailed, "layer " + blob.digest.text() + " is nowhere");
  }
};

}  // namespace

Result<std::string> import(Engine& engine, Fd fd, const std::string& source, const ImportOptions& options,
                           Progress& progress) {
  Incoming image;
  if (!options.reference.empty()) {
    TRY_SET(const Reference reference, parse_local_reference(options.reference));
    if (!reference.digest.empty())
      return fail(Code::kInvalid, options.reference + ": an import cannot be given a digest");
    image.names.push_back(reference.repository() + ":" + reference.tag);
  }
  // What is wrong with the flags is said before a byte is read.
  TRY(make_config(options, source, Digest()));
  TRY_SET(Store * store, engine.store(Store::Access::kWrite));
  TRY_SET(Staging staging, store->new_staging());
  auto layer = take_layer(std::move(fd), source, staging.dir(), engine.rootless(), progress);
  if (!layer.ok()) return std::move(layer).error().within("importing " + source);
  const unpack::Unpacked& unpacked = layer->unpacked;

  TRY_SET(std::string config, make_config(options, source, unpacked.diff_id));
  image.config = text_blob(std::move(config));
  const oci::Descriptor config_blob{
      .media_type = oci::kOciConfig, .digest = image.config.digest, .size = std::ssize(image.config.bytes)};
  const oci::Descriptor layer_blob{
      .media_type = layer->media_type, .digest = unpacked.blob, .size = unpacked.blob_size};
  image.manifest_text = text_blob(oci::make_manifest(config_blob, {layer_blob}, false));
  TRY_SET(image.manifest, oci::parse_manifest(image.manifest_text.bytes, oci::kOciManifest));
  for (const std::string& name : image.names) {
    image.digests.push_back(name.substr(0, name.rfind(':')) + "@" + image.manifest_text.digest.text());
  }
  NoSource none;
  Arrived arrived{std::move(staging), kBlobName, kTreeName, unpacked.blob, unpacked.tree_size};
  return install(engine, image, none, progress, std::move(arrived));
}

}  // namespace creel::engine::transfer
