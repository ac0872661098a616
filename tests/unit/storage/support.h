// A store of its own for each test, and images of one layer in it.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "storage/store.h"
#include "tests/unit/base/support.h"

namespace creel::test {

using storage::Store;

inline Digest digest_of(char digit, int number = 0) {
  std::string hex(64, digit);
  const std::string tail = std::to_string(number);
  hex.replace(64 - tail.size(), tail.size(), tail);
  return Digest::from_hex(hex).value();
}

class StoreDir {
 public:
  StoreDir() : dir_("/dev/shm"), paths{dir_ / "store", dir_ / "run"} {}
  [[nodiscard]] const TempDir& dir() const { return dir_; }
  std::unique_ptr<Store> open(Store::Access access = Store::Access::kWrite) const {
    auto store = Store::open(paths, access);
    REQUIRE_MESSAGE(store.ok(), (store.ok() ? "" : store.error().text));
    return std::move(*store);
  }
  [[nodiscard]] std::vector<std::string> names_in(const std::string& path) const {
    auto names = list_dir(path);
    if (!names.ok()) return {};
    std::sort(names->begin(), names->end());
    return *names;
  }
  // Staging directories; not lock files and not the boot mark.
  [[nodiscard]] std::vector<std::string> staged() const {
    auto names = names_in(paths.staging());
    std::erase_if(names, [](const std::string& name) { return name.find('.') != std::string::npos || name == "boot"; });
    return names;
  }

 private:
  TempDir dir_;

 public:
  storage::Paths paths;
};

inline Result<void> publish_blob(Store& store, const Digest& digest, const std::string& text = "blob") {
  TRY_SET(auto staging, store.new_staging());
  TRY(write_atomic_at(staging.dir(), "b", text, 0644));
  return store.publish_blob(staging, "b", digest);
}

inline Result<void> publish_layer(Store& store, const Digest& digest) {
  TRY_SET(auto staging, store.new_staging());
  if (mkdirat(staging.dir(), "l", 0755) != 0) return errno_error("mkdirat");
  TRY(write_atomic_at(staging.dir(), "l/file", digest.hex(), 0644));
  return store.publish_layer(staging, "l", {digest, 4096});
}

inline storage::ImageRecord image_of(const Digest& id, const std::vector<Digest>& blobs,
                                     const std::vector<Digest>& layers, std::vector<std::string> names) {
  storage::ImageRecord out;
  out.id = id.hex();
  out.manifest = blobs.front();
  out.config = "{}";
  out.diff_ids = layers;
  out.blobs = blobs;
  out.created_ns = 1;
  out.size = 4096;
  out.names = std::move(names);
  return out;
}

// Blobs and layers where absent, then the record: what a pull does.
inline Result<void> add_image(Store& store, const storage::ImageRecord& image) {
  std::vector<Digest> all = image.blobs;
  all.insert(all.end(), image.diff_ids.begin(), image.diff_ids.end());
  TRY_SET(auto locks, store.lock_transfers(all));
  for (const Digest& blob : image.blobs) {
    if (!store.has_blob(blob)) TRY(publish_blob(store, blob));
  }
  for (const Digest& layer : image.diff_ids) {
    if (!store.has_layer(layer)) TRY(publish_layer(store, layer));
  }
  return store.put_image(image);
}

inline storage::ContainerRecord container_of(const std::string& id, const std::string& name,
                                             const std::string& image_id = {}) {
  storage::ContainerRecord out;
  out.id = id;
  out.name = name;
  out.image = image_id.empty() ? "" : "localhost/i:latest";
  out.image_id = image_id;
  out.created_ns = 1;
  out.command = out.ports = out.mounts = out.networks = "[]";
  out.labels = "{}";
  out.config = R"({"config":true})";
  return out;
}

}  // namespace creel::test
