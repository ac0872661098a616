// The store: records in SQLite, blobs and layers beneath one marked directory.
//
// Thread-safety: one Store per thread. Readers take no lock that outlives one SELECT; writers queue on writer.lock
// (flock, so nobody polls) and then run one short immediate transaction. Errors: kNotFound, kExists, kInUse as named;
// kFailed with SQLite's or the kernel's reason.
// Who runs it: the caller's own user, outside or inside the engine's user namespace.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/result.h"
#include "storage/paths.h"

namespace creel::storage {

struct ImageRecord {
  std::string id;                    // hex of the config's digest
  Digest manifest;                   // of the image manifest as pulled (the platform's own, not the index)
  std::string config;                // the config's JSON text
  std::vector<Digest> diff_ids;      // bottom first
  std::vector<Digest> blobs;         // everything its manifest needs: layers as pulled, config, manifest, and the index
                                     // it was pulled through, if any
  std::int64_t created_ns = 0;       // from the config
  std::int64_t size = 0;             // bytes of the unpacked layers
  std::vector<std::string> names;    // "docker.io/library/busybox:latest", sorted; empty: dangling
  std::vector<std::string> digests;  // "docker.io/library/busybox@sha256:…": where it was pulled from, by manifest or
                                     // index digest
};

struct LayerRecord {
  Digest diff_id;
  std::int64_t size = 0;  // bytes on disk of the unpacked tree
};

// What ps, inspect and the engine need without parsing `config`. JSON columns are the engine's; storage never reads
// them.
struct ContainerRecord {
  std::string id;  // 64 hex digits
  std::string name;
  std::string image;     // as given to create, normalized; empty with --rootfs
  std::string image_id;  // hex; empty with --rootfs
  std::int64_t created_ns = 0;
  bool remove_on_exit = false;
  std::string command;   // JSON array
  std::string ports;     // JSON array, "[]" when none
  std::string labels;    // JSON object, "{}" when none
  std::string mounts;    // JSON array of destinations, for ps
  std::string networks;  // JSON array of network names, for ps
  std::string config;    // JSON object: engine::ContainerConfig; loaded only by container(), not by containers()
};

struct VolumeRecord {
  std::string name;
  std::int64_t created_ns = 0;
  bool anonymous = false;
  std::string labels = "{}";
  std::string options = "{}";
};

// A directory or file being written under staging/. The destructor deletes what was not published; after kill -9 the
// next writer does, because the lock is free.
class Staging {
 public:
  Staging(Staging&&) noexcept;
  Staging& operator=(Staging&&) noexcept;
  ~Staging();
  [[nodiscard]] int dir() const { return dir_.get(); }  // descriptor of the staging directory
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  friend class Store;
  Staging(std::string path, Fd dir, FileLock lock);
  void discard() noexcept;
  std::string path_;
  Fd dir_;
  std::optional<FileLock> lock_;
};

class Database;  // storage/database.h

class Store {
 public:
  enum class Access {
    kRead,   // nothing is created: an absent store reads as empty
    kWrite,  // creates the store and its marker
  };
  // kInvalid when the marker names a newer format, or when `paths.store` holds files that are not a store's; nothing is
  // written there then.
  static Result<std::unique_ptr<Store>> open(const Paths& paths, Access access);
  ~Store();
  // Turns a reading store into a writing one. No-op when it is one.
  Result<void> make_writable();
  [[nodiscard]] const Paths& paths() const { return paths_; }

  // --- images
  enum class ImageParts : std::uint8_t {
    kAll,
    kShown,  // config, diff_ids and blobs stay empty: a tenth of the pages
  };
  Result<std::vector<ImageRecord>> images(ImageParts parts = ImageParts::kAll);
  // By exact name, or by a unique prefix (3+ digits) of the ID. nullopt: none. kInvalid: the prefix is ambiguous.
  Result<std::optional<ImageRecord>> image_by_name(const std::string& name);
  Result<std::optional<ImageRecord>> image_by_digest(const std::string& repository_at_digest);
  Result<std::optional<ImageRecord>> image_by_id(const std::string& prefix);
  // Adds or replaces the image and gives it `names` (each taken away from the image that had it) and `digests`. Durable
  // when it returns: syncfs of the store, then a synchronous commit. Fails with kNotFound if a blob or layer it names
  // is not in the store. The caller has held the transfer locks of all that it names since before it looked for them.
  Result<void> put_image(const ImageRecord& image);
  Result<void> tag_image(const std::string& id, const std::string& name);
  // The name must belong to some image: kNotFound.
  Result<void> untag_image(const std::string& name);
  // Removes the record with its names; collect_garbage() then takes what nothing else reaches. kInUse when a container
  // uses it, kNotFound.
  Result<void> remove_image(const std::string& id);

  // --- blobs (files; a blob is garbage when no image names it and no live staging or lease protects it)
  [[nodiscard]] bool has_blob(const Digest& digest) const;
  Result<Fd> open_blob(const Digest& digest) const;  // kNotFound
  // Renames `name` in the staging directory to the blob. The caller has verified the digest. Already there: success.
  Result<void> publish_blob(const Staging& staging, const std::string& name, const Digest& digest);

  // --- layers
  [[nodiscard]] bool has_layer(const Digest& diff_id) const;
  // Records the layer's size and renames directory `name` of the staging directory to it. Already there: success.
  Result<void> publish_layer(const Staging& staging, const std::string& name, const LayerRecord& layer);
  Result<std::optional<LayerRecord>> layer(const Digest& diff_id);

  // --- staging
  // These four run inside the user namespace (layers hold subordinate IDs). Blobs and layers that were published and
  // are named by no image may not have reached the disk before the machine stopped: the first of these calls after a
  // boot throws them away, so that what has_blob() and has_layer() find after it is whole.
  //
  // Also reclaims dead staging.
  Result<Staging> new_staging();
  // Waits until no other process transfers `digest` (blob or layer), then holds it: garbage collection leaves it alone.
  // Volatile, dies with the holder.
  Result<FileLock> lock_transfer(const Digest& digest);
  // The same for all that an image will name, blobs and layers, in the one order in which two processes cannot wait for
  // each other. Called once, holding none.
  Result<std::vector<FileLock>> lock_transfers(std::vector<Digest> digests);
  // Deletes blobs and layers that no image reaches and no transfer lock protects, and what killed removals of
  // containers left in containers/; reclaims dead staging. Holds writer.lock for the renames alone. Returns bytes
  // freed.
  Result<std::int64_t> collect_garbage();

  // --- containers
  Result<std::vector<ContainerRecord>> containers();  // by creation time; `config` empty
  // Those whose config has the text `id` in it, with their config; not the container `id` itself.
  Result<std::vector<ContainerRecord>> containers_naming(const std::string& id);
  // Exact name first, then exact ID, then a unique ID prefix. kNotFound / kInvalid (ambiguous).
  Result<ContainerRecord> container(const std::string& name_or_id);
  // kExists when the name or ID is taken (the text names the ID that has it), kNotFound when the image is gone.
  // `volumes`: volumes to create in the same transaction where absent; recorded as used by the container.
  // `complete`, where given: what depends on the other containers. Called in the transaction with their configs, gives
  // this one's.
  using Complete = std::function<Result<std::string>(const std::vector<std::string>& other_configs)>;
  Result<void> add_container(const ContainerRecord& container, const std::vector<VolumeRecord>& volumes_used,
                             const Complete& complete = {});
  // kNotFound when it was removed meanwhile, kExists when the name is another's.
  Result<void> update_container(const ContainerRecord& container);
  // An absent container is success: removal is idempotent.
  Result<void> remove_container(const std::string& id);

  // --- volumes
  Result<std::vector<VolumeRecord>> volumes();
  Result<std::optional<VolumeRecord>> volume(const std::string& name);
  Result<void> add_volume(const VolumeRecord& volume);                     // kExists
  Result<void> remove_volume(const std::string& name);                     // kInUse names the containers; kNotFound
  Result<std::vector<std::string>> volume_users(const std::string& name);  // container IDs
  Result<std::vector<std::string>> container_volumes(const std::string& id);

 private:
  explicit Store(Paths paths);
  [[nodiscard]] bool empty() const { return db_ == nullptr; }  // an absent store, opened for reading
  Result<void> open_database();
  // writer.lock and, under it, a transaction.
  struct Writing;
  Result<Writing> write(bool durable);
  Result<void> fill_names(ImageRecord& image);
  Result<Staging> make_staging();
  Result<void> reclaim_staging();
  [[nodiscard]] bool settled() const;
  Result<void> settle();
  Result<std::int64_t> collect(bool at_boot);
  Result<std::int64_t> sweep(const Staging& grave);
  Paths paths_;
  std::unique_ptr<Database> db_;
  bool writable_ = false;
  bool settled_ = false;
};

}  // namespace creel::storage
