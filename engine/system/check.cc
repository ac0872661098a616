#include "engine/system/check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/disk_meter.h"
#include "base/file.h"
#include "engine/container/state.h"
#include "engine/json.h"
#include "storage/damaged_records.h"
#include "storage/usage.h"

namespace creel::engine {

namespace {

using Kind = Damage::Kind;

constexpr std::size_t kLargestManifest = 16 << 20;

class Checking {
 public:
  Checking(Engine& engine, storage::Store& store, const CheckOptions& options)
      : engine_(engine), store_(store), options_(options) {}

  Result<std::vector<Damage>> run() {
    TRY_SET(const std::vector<std::string> records, storage::damaged_records(engine_.paths(), !options_.has_digest));
    for (const std::string& text : records) add(Kind::kDatabase, "", "database: " + text);
    TRY_SET(const std::vector<storage::ImageRecord> images, store_.images());
    TRY(blobs(images));
    TRY(layers(images));
    TRY(containers(images));
    return std::move(out_);
  }

 private:
  void add(Kind kind, const std::string& object, const std::string& text) { out_.push_back({kind, object, text}); }

  // What manifests say of the sizes of their blobs.
  void sizes_of(const storage::ImageRecord& image, std::map<std::string, std::int64_t>& sizes) const {
    auto text = read_file(engine_.paths().blob(image.manifest.hex()), kLargestManifest);
    if (!text.ok()) return;
    auto manifest = parse_json(*text, "manifest");
    if (!manifest.ok()) return;
    const auto take = [&](const nlohmann::json& descriptor) {
      auto digest = Digest::parse(text_of(descriptor, "digest"));
      if (digest.ok()) sizes[digest->hex()] = int_of(descriptor, "size");
    };
    take(member(*manifest, "config"));
    for (const nlohmann::json& layer : member(*manifest, "layers")) take(layer);
  }

  Result<void> blobs(const std::vector<storage::ImageRecord>& images) {
    std::map<std::string, std::int64_t> sizes;
    std::set<std::string> seen;
    for (const storage::ImageRecord& image : images) sizes_of(image, sizes);
    for (const storage::ImageRecord& image : images) {
      for (const Digest& blob : image.blobs) {
        if (seen.insert(blob.hex()).second) TRY(check_blob(blob, sizes));
      }
      // The record's own copy is what commands read.
      auto config = read_file(engine_.paths().blob(image.id), kLargestManifest);
      if (config.ok() && *config != image.config) {
        add(Kind::kImage, image.id, "image " + image.id + ": its record's configuration is not its blob's");
      }
    }
    return {};
  }

  Result<void> check_blob(const Digest& digest, const std::map<std::string, std::int64_t>& sizes) {
    const auto bad = [&](const std::string& why) {
      add(Kind::kBlob, digest.hex(), "blob " + digest.text() + ": " + why);
    };
    auto file = store_.open_blob(digest);
    if (!file.ok()) {
      bad(file.error().code == Code::kNotFound ? "it is not there" : file.error().text);
      return {};
    }
    struct stat info {};
    if (fstat(file->get(), &info) != 0) return errno_error("reading blob " + digest.text());
    const auto expected = sizes.find(digest.hex());
    if (expected != sizes.end() && info.st_size != expected->second) {
      bad("it has " + std::to_string(info.st_size) + " bytes, its manifest says " + std::to_string(expected->second));
      return {};
    }
    if (!options_.has_digest) return {};
    auto same = options_.has_digest(file->get(), digest);
    if (!same.ok()) {
      bad(same.error().text);
    } else if (!*same) {
      bad("its bytes have another digest");
    }
    return {};
  }

  Result<void> layers(const std::vector<storage::ImageRecord>& images) {
    TRY_SET(const Fd dir, open_file(engine_.paths().layers(), O_RDONLY | O_DIRECTORY));
    std::set<std::string> seen;
    for (const storage::ImageRecord& image : images) {
      for (const Digest& layer : image.diff_ids) {
        if (seen.insert(layer.hex()).second) TRY(check_layer(dir.get(), layer));
      }
    }
    return {};
  }

  Result<void> check_layer(int dir, const Digest& digest) {
    const auto bad = [&](const std::string& why) {
      add(Kind::kLayer, digest.hex(), "layer " + digest.text() + ": " + why);
    };
    if (!store_.has_layer(digest)) {
      bad("it is not there");
      return {};
    }
    TRY_SET(const auto record, store_.layer(digest));
    if (!record) {
      bad("its size is not recorded");
      return {};
    }
    TRY_SET(const DiskUse use, DiskMeter().measure(dir, digest.hex()));
    if (use.partly) {
      bad("parts of it cannot be read");
    } else if (use.content != record->size) {
      bad("its files have " + std::to_string(use.content) + " bytes, its record says " + std::to_string(record->size));
    }
    return {};
  }

  Result<void> containers(const std::vector<storage::ImageRecord>& images) {
    std::set<std::string> known;
    for (const storage::ImageRecord& image : images) known.insert(image.id);
    TRY_SET(const std::vector<storage::ContainerRecord> records, store_.containers());
    for (const storage::ContainerRecord& brief : records) {
      const auto bad = [&](const std::string& why) {
        add(Kind::kContainer, brief.id, "container " + brief.id + " (" + brief.name + "): " + why);
      };
      // With its image, it would have been refused: a record is damaged.
      if (!brief.image_id.empty() && !known.contains(brief.image_id))
        bad("its image " + brief.image_id + " is not there");
      auto whole = store_.container(brief.id);
      if (!whole.ok()) continue;
      if (auto config = config_of(*whole); !config.ok()) bad(config.error().text);
    }
    return {};
  }

  Engine& engine_;
  storage::Store& store_;
  const CheckOptions& options_;
  std::vector<Damage> out_;
};

}  // namespace

Result<CheckReport> check_store(Engine& engine, const CheckOptions& options) {
  CheckReport out;
  TRY_SET(storage::Store * store, engine.store());
  if (!path_exists(engine.paths().marker())) return out;
  TRY_SET(out.damage, Checking(engine, *store, options).run());
  if (!out.damage.empty()) {
    // What another command has removed in the meantime is no damage: it is not there when one looks again.
    TRY_SET(const std::vector<Damage> again, Checking(engine, *store, options).run());
    std::erase_if(out.damage,
                  [&](const Damage& one) { return std::find(again.begin(), again.end(), one) == again.end(); });
  }
  TRY_SET(const SystemUse use, system_use(engine));
  out.leftovers = use.leftovers;
  for (const std::string& path : use.strange) {
    out.damage.push_back(
        {Kind::kStrange, path, engine.paths().store + "/" + path + ": no part of a store has that name"});
  }
  return out;
}

}  // namespace creel::engine
