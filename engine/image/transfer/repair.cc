#include "engine/image/transfer/repair.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "base/file.h"
#include "engine/container/container.h"
#include "registry/oci/manifest.h"
#include "storage/garbage.h"
#include "storage/unpack/unpack.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
namespace unpack = storage::unpack;

namespace {

using Kind = Damage::Kind;

class Repair {
 public:
  Repair(Engine& engine, storage::Store& store, const RepairOptions& options,
         const std::function<void(const std::string& line)>& tell)
      : engine_(engine), store_(store), options_(options), tell_(tell) {}

  Result<void> run(const CheckReport& report) {
    for (const Damage& damage : report.damage) {
      if (damage.kind == Kind::kBlob) bad_blobs_.insert(damage.object);
      if (damage.kind == Kind::kLayer) bad_layers_.insert(damage.object);
      if (damage.kind == Kind::kImage) bad_images_.insert(damage.object);
    }
    TRY_SET(const std::vector<storage::ImageRecord> images, store_.images());
    for (const storage::ImageRecord& image : images) TRY(restore_layers(image));
    for (const std::string& hex : bad_blobs_) {
      TRY_SET(const Digest digest, Digest::from_hex(hex));
      TRY(storage::withdraw_blob(store_, digest));
    }
    for (const storage::ImageRecord& image : images) {
      if (is_broken(image)) TRY(remove_image(image));
    }
    for (const Damage& damage : report.damage) {
      if (damage.kind == Kind::kContainer) TRY(remove_container(damage.object));
    }
    TRY(storage::collect_garbage(store_, {.parts = true, .min_age_ns = options_.min_age_ns}));
    return {};
  }

 private:
  [[nodiscard]] bool is_broken(const storage::ImageRecord& image) const {
    for (const Digest& blob : image.blobs) {
      if (bad_blobs_.contains(blob.hex())) return true;
    }
    for (const Digest& layer : image.diff_ids) {
      if (bad_layers_.contains(layer.hex())) return true;
    }
    return bad_images_.contains(image.id);
  }

  Result<void> restore_layers(const storage::ImageRecord& image) {
    auto text = read_file(engine_.paths().blob(image.manifest.hex()), oci::kMaxManifestBytes);
    if (!text.ok()) return {};
    auto manifest = oci::parse_manifest(*text, "");
    if (!manifest.ok() || manifest->layers.size() != image.diff_ids.size()) return {};
    for (std::size_t i = 0; i < image.diff_ids.size(); ++i) {
      const Digest& layer = image.diff_ids[i];
      const Digest& blob = manifest->layers[i].digest;
      if (!bad_layers_.contains(layer.hex()) || bad_blobs_.contains(blob.hex())) continue;
      auto restored = restore_layer(layer, blob);
      if (!restored.ok()) {
        tell_("layer " + layer.text() + ": " + restored.error().text);
        continue;
      }
      tell_("layer " + layer.text() + ": unpacked again");
      bad_layers_.erase(layer.hex());
    }
    return {};
  }

  Result<void> restore_layer(const Digest& layer, const Digest& blob) {
    TRY_SET(const Fd bytes, store_.open_blob(blob));
    TRY_SET(const storage::Staging staging, store_.new_staging());
    if (mkdirat(staging.dir(), "tree", 0755) != 0) return errno_error("making directory " + staging.path() + "/tree");
    TRY_SET(const Fd tree, open_at(staging.dir(), "tree", O_RDONLY | O_DIRECTORY));
    TRY_SET(const auto unpacked, unpack::unpack_file(bytes.get(), tree.get(), {.user_xattr = engine_.rootless()}));
    if (unpacked.diff_id != layer) return fail(Code::kInvalid, "its blob unpacks to " + unpacked.diff_id.text());
    // As a pull does, before its record.
    if (syncfs(tree.get()) != 0) return errno_error("writing the layer to disk");
    TRY(storage::withdraw_layer(store_, layer));
    return store_.publish_layer(staging, "tree", {layer, unpacked.tree_size});
  }

  Result<void> remove_image(const storage::ImageRecord& image) {
    const std::string name = image.names.empty() ? image.id : image.names.front();
    TRY_SET(const auto containers, store_.containers());
    for (const storage::ContainerRecord& container : containers) {
      if (container.image_id != image.id) continue;
      if (!options_.force) {
        tell_("image " + name + ": container " + container.name + " uses it; --force removes both");
        return {};
      }
      TRY(remove_container(container.id));
    }
    auto removed = store_.remove_image(image.id);
    if (!removed.ok() && removed.error().code != Code::kNotFound) return removed;
    tell_("image " + name + ": removed, as parts of it are damaged; creel pull brings it again");
    return {};
  }

  Result<void> remove_container(const std::string& id) {
    if (!options_.force) {
      tell_("container " + id + ": --force removes it");
      return {};
    }
    auto removed = remove(engine_, id, RemoveOptions{.force = true, .volumes = false, .timeout = 0});
    if (!removed.ok()) return removed;
    tell_("container " + id + ": removed");
    return {};
  }

  Engine& engine_;
  storage::Store& store_;
  const RepairOptions& options_;
  const std::function<void(const std::string& line)>& tell_;
  std::set<std::string> bad_blobs_, bad_layers_, bad_images_;
};

}  // namespace

Result<bool> has_digest(int fd, const Digest& digest) {
  unpack::Sha256 hash;
  std::string buffer(256 << 10, '\0');
  for (;;) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("reading blob " + digest.text());
    if (got == 0) return hash.finish() == digest;
    hash.update({buffer.data(), static_cast<std::size_t>(got)});
  }
}

Result<void> repair_store(Engine& engine, const CheckReport& report, const RepairOptions& options,
                          const std::function<void(const std::string& line)>& tell) {
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  return Repair(engine, *store, options, tell).run(report);
}

}  // namespace creel::engine::transfer
