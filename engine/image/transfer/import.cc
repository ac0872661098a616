// import: the tar of a root file system becomes an image of one layer.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/transfer/changes.h"
#include "engine/image/transfer/install.h"
#include "engine/image/transfer/naming.h"
#include "engine/image/transfer/trust.h"
#include "engine/json.h"
#include "registry/archive/decompress.h"
#include "storage/pack/gzip_blocks.h"
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

// What is read is kept as the layer's blob while it is unpacked; a plain tar is compressed on the way.
class Tee {
 public:
  Tee(int fd, std::string source, int blob, Progress& progress)
      : input_(archive::source_of(fd, source)), source_(std::move(source)), blob_(blob), progress_(progress) {}

  // Enough to tell how it is compressed.
  Result<void> begin() {
    while (head_.size() < 8) {
      TRY_SET(const std::string_view bytes, input_());
      if (bytes.empty()) break;
      head_.append(bytes);
    }
    if (head_.empty()) return fail(Code::kInvalid, "it is empty");
    media_type_ = archive::layer_type(head_);
    if (archive::is_compressed(head_)) return {};
    gzip_.emplace([this](std::string_view bytes) { return write_all(blob_, bytes); });
    media_type_ = oci::kOciLayerGzip;
    return {};
  }
  // Called in unpack's thread.
  Result<std::string_view> next() {
    std::string_view bytes = head_;
    if (size_ > 0) {
      TRY_SET(bytes, input_());
    }
    TRY(gzip_ ? gzip_->append(bytes) : write_all(blob_, bytes));
    size_ += std::ssize(bytes);
    progress_.blob(source_, size_, -1);
    return bytes;
  }
  Result<Layer> finish(unpack::Unpacked unpacked) {
    if (gzip_) {
      TRY_SET(const storage::pack::Compressed compressed, gzip_->finish());
      unpacked.blob = compressed.digest;
      unpacked.blob_size = compressed.size;
    }
    return Layer{std::move(unpacked), media_type_};
  }

 private:
  archive::Source input_;
  std::string source_;
  int blob_;
  Progress& progress_;
  std::string head_, media_type_;
  std::optional<storage::pack::GzipBlocks> gzip_;
  std::int64_t size_ = 0;
};

Result<Layer> take_layer(Fd fd, const std::string& source, int staging, bool user_xattr, Progress& progress) {
  TRY_SET(const Fd blob, open_at(staging, kBlobName, O_WRONLY | O_CREAT | O_EXCL, 0644));
  if (mkdirat(staging, kTreeName, 0755) != 0) return errno_error("making a directory in the store");
  TRY_SET(const Fd tree, open_at(staging, kTreeName, O_RDONLY | O_DIRECTORY));
  Tee tee(fd.get(), source, blob.get(), progress);
  TRY(tee.begin());
  TRY_SET(unpack::Unpacked unpacked,
          unpack::unpack_layer([&] { return tee.next(); }, tree.get(), {.user_xattr = user_xattr}));
  return tee.finish(std::move(unpacked));
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
  TRY_SET(const Trust trust, Trust::open(engine, options.signature_policy));
  TRY(trust.check({"tarball", path_of(fd.get()), {}, {}}, {}));
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
