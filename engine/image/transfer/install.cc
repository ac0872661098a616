#include "engine/image/transfer/install.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "base/file.h"
#include "engine/image/image_config.h"
#include "engine/image/transfer/layer.h"
#include "storage/name_manifests.h"
#include "storage/partial.h"
#include "storage/unpack/unpack.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
using storage::ImageRecord;
using storage::LayerRecord;
using storage::Staging;
using storage::Store;

namespace {

constexpr std::size_t kParallel = 4;
constexpr std::size_t kMaxLayers = 500;

// The layers of the image, each once: an image may use one several times.
struct Layer {
  oci::Descriptor blob;
  Digest diff_id;
};

Result<std::vector<Layer>> layers_of(const Incoming& image) {
  TRY_SET(const std::vector<Digest> diff_ids, oci::diff_ids(image.config.bytes));
  const std::vector<oci::Descriptor>& blobs = image.manifest.layers;
  if (diff_ids.size() != blobs.size()) {
    return fail(Code::kInvalid, "the manifest has " + std::to_string(blobs.size()) + " layers, the configuration " +
                                    std::to_string(diff_ids.size()));
  }
  if (blobs.size() > kMaxLayers) {
    return fail(Code::kInvalid,
                "the image has " + std::to_string(blobs.size()) + " layers, more than " + std::to_string(kMaxLayers));
  }
  std::vector<Layer> out;
  std::map<Digest, Digest> seen;
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    auto [known, fresh] = seen.emplace(blobs[i].digest, diff_ids[i]);
    if (fresh) out.push_back({blobs[i], diff_ids[i]});
    if (known->second != diff_ids[i]) {
      return fail(Code::kInvalid, "the configuration gives layer " + blobs[i].digest.text() + " two different DiffIDs");
    }
  }
  return out;
}

// One image on its way. Layers move in several threads; while they do, records are touched under store_mutex_.
class Installation {
 public:
  Installation(Engine& engine, Store& store, const Staging& staging, const Incoming& image, BlobSource& source,
               Progress& progress, const std::optional<Arrived>& arrived)
      : engine_(engine),
        store_(store),
        staging_(staging),
        image_(image),
        source_(source),
        progress_(progress),
        arrived_(arrived) {}

  Result<std::string> run();

 private:
  Result<void> lock_all();
  Result<void> plan();
  Result<void> check_space() const;
  Result<void> move_layers();
  Result<void> move(std::size_t index);
  Result<void> publish(const LayerJob& job, const LayerDone& done);
  Result<void> publish_texts();
  Result<ImageRecord> record();

  Engine& engine_;
  Store& store_;
  const Staging& staging_;
  const Incoming& image_;
  BlobSource& source_;
  Progress& progress_;
  const std::optional<Arrived>& arrived_;
  std::vector<Layer> layers_;
  std::vector<FileLock> locks_;
  Fd partial_;  // where a resumable source's blobs grow
  std::vector<LayerJob> jobs_;
  std::vector<LayerDone> done_;  // what has arrived beforehand
  std::mutex store_mutex_;
};

Result<std::string> Installation::run() {
  TRY_SET(layers_, layers_of(image_));
  TRY(lock_all());
  TRY(plan());
  TRY(check_space());
  TRY(move_layers());
  progress_.message("Copying config " + image_.config.digest.hex().substr(0, 12) + " done");
  progress_.message("Writing manifest to image destination");
  TRY(publish_texts());
  TRY_SET(const ImageRecord image, record());
  // Pulled again and nothing new: no need to wait for the disk.
  TRY_SET(const auto known, store_.image_by_id(image.id));
  if (known && known->manifest == image.manifest) {
    const auto has = [](const auto& all, const auto& some) {
      return std::all_of(some.begin(), some.end(),
                         [&](const auto& one) { return std::find(all.begin(), all.end(), one) != all.end(); });
    };
    bool same = has(known->blobs, image.blobs) && has(known->names, image.names) && has(known->digests, image.digests);
    for (const std::string& name : image.names) {
      TRY_SET(const auto other, storage::manifest_of_name(store_.paths(), name));
      same = same && !other;
    }
    if (same) return image.id;
  }
  TRY(store_.put_image(image));
  return image.id;
}

// Everything the image will name, until it is recorded: garbage collection leaves it alone, and another process that
// wants the same waits for the result.
Result<void> Installation::lock_all() {
  std::vector<Digest> all{image_.manifest_text.digest, image_.config.digest};
  if (!image_.index.digest.empty()) all.push_back(image_.index.digest);
  for (const Layer& layer : layers_) {
    all.push_back(layer.blob.digest);
    all.push_back(layer.diff_id);
  }
  TRY_SET(locks_, store_.lock_transfers(std::move(all)));
  return {};
}

// Under the locks: what another process has moved meanwhile is there now.
Result<void> Installation::plan() {
  std::set<Digest> trees;
  if (source_.resumable()) {
    TRY_SET(partial_, storage::open_partials(store_));
  }
  for (const Layer& layer : layers_) {
    LayerJob job;
    job.blob = layer.blob;
    job.diff_id = layer.diff_id;
    job.user_xattr = engine_.rootless();
    job.need_blob = !store_.has_blob(layer.blob.digest);
    TRY_SET(const auto known, store_.layer(layer.diff_id));
    job.need_tree = !known && trees.insert(layer.diff_id).second;
    if (!job.need_blob && !job.need_tree) {
      progress_.blob_done(layer.blob.digest.text(), "skipped: already exists");
      continue;
    }
    if (!job.need_blob) {
      TRY_SET(job.kept, store_.open_blob(layer.blob.digest));
    }
    LayerDone done;
    if (arrived_ && arrived_->blob == layer.blob.digest) {
      job.blob_name = arrived_->blob_name;
      job.tree_name = arrived_->tree_name;
      done = {.blob = job.need_blob, .tree = job.need_tree, .tree_size = arrived_->tree_size};
    } else {
      job.blob_name = "blob-" + layer.blob.digest.hex();
      job.tree_name = "layer-" + layer.diff_id.hex();
      if (source_.resumable()) {
        job.partial = partial_.get();
        job.partial_name = storage::partial_name(layer.blob.digest);
      }
    }
    jobs_.push_back(std::move(job));
    done_.push_back(done);
  }
  return {};
}

// The unpacked size is known to nobody beforehand, but it is hardly ever smaller than the compressed one.
Result<void> Installation::check_space() const {
  std::int64_t needed = 0;
  const auto add = [&](std::int64_t size) {
    if (__builtin_add_overflow(needed, size, &needed)) needed = INT64_MAX;
  };
  for (const LayerJob& job : jobs_) {
    if (arrived_ && arrived_->blob == job.blob.digest) continue;
    if (job.need_blob) add(job.blob.size);
    if (job.need_tree) add(job.blob.size);
  }
  const std::string& path = store_.paths().store;
  struct statvfs space {};
  if (statvfs(path.c_str(), &space) != 0) return errno_error("asking for free space in " + path);
  const auto free = static_cast<std::int64_t>(space.f_bavail) * static_cast<std::int64_t>(space.f_frsize);
  if (needed <= free) return {};
  const auto megabytes = [](std::int64_t bytes) { return std::to_string((bytes + 999'999) / 1'000'000) + " MB"; };
  return fail(Code::kFailed, "no space left in " + path + ": at least " + megabytes(needed) + " are needed, " +
                                 megabytes(free) + " are free")
      .with_hint("creel rmi removes images that are not needed any more; --root names a directory on another disk");
}

Result<void> Installation::move(std::size_t index) {
  const LayerJob& job = jobs_[index];
  LayerDone done = done_[index];
  if (!done.blob && !done.tree) {
    TRY_SET(done, move_layer(staging_.dir(), job, source_, progress_));
  }
  TRY(publish(job, done));
  progress_.blob_done(job.blob.digest.text(), "done");
  return {};
}

Result<void> Installation::move_layers() {
  std::vector<Result<void>> results(jobs_.size());
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&] {
    for (;;) {
      const std::size_t i = next.fetch_add(1);
      if (i >= jobs_.size() || failed) return;
      results[i] = move(i);
      if (!results[i].ok()) failed = true;
    }
  };
  std::vector<std::thread> workers;
  for (std::size_t i = 1; i < std::min(kParallel, jobs_.size()); ++i) {
    try {
      workers.emplace_back(work);
    } catch (const std::system_error&) {
      break;  // fewer, then
    }
  }
  work();
  for (std::thread& worker : workers) worker.join();
  for (Result<void>& result : results) TRY(std::move(result));
  return {};
}

// As soon as it is whole: when this process is killed or another layer fails, the next try need not fetch it again.
Result<void> Installation::publish(const LayerJob& job, const LayerDone& done) {
  const std::lock_guard lock(store_mutex_);
  if (done.blob) {
    TRY(job.partial < 0 ? store_.publish_blob(staging_, job.blob_name, job.blob.digest)
                        : storage::publish_partial(store_, job.blob.digest));
  }
  if (done.tree) TRY(store_.publish_layer(staging_, job.tree_name, LayerRecord{job.diff_id, done.tree_size}));
  return {};
}

Result<void> Installation::publish_texts() {
  for (const Text* text : {&image_.config, &image_.manifest_text, &image_.index}) {
    if (text->digest.empty() || store_.has_blob(text->digest)) continue;
    const std::string name = "text-" + text->digest.hex();
    TRY(write_atomic_at(staging_.dir(), name, text->bytes, 0644));
    TRY(store_.publish_blob(staging_, name, text->digest));
  }
  return {};
}

Result<ImageRecord> Installation::record() {
  ImageRecord out;
  out.id = image_.config.digest.hex();
  out.manifest = image_.manifest_text.digest;
  out.config = image_.config.bytes;
  TRY_SET(out.diff_ids, oci::diff_ids(image_.config.bytes));
  for (const Layer& layer : layers_) out.blobs.push_back(layer.blob.digest);
  out.blobs.push_back(image_.config.digest);
  out.blobs.push_back(image_.manifest_text.digest);
  if (!image_.index.digest.empty()) out.blobs.push_back(image_.index.digest);
  TRY_SET(const ImageConfig config, parse_image_config(image_.config.bytes));
  out.created_ns = config.created_ns;
  for (const Digest& diff_id : out.diff_ids) {
    TRY_SET(const auto layer, store_.layer(diff_id));
    if (layer) out.size += layer->size;
  }
  out.names = image_.names;
  out.digests = image_.digests;
  return out;
}

}  // namespace

Result<void> BlobSource::fetch_from(const oci::Descriptor& blob, std::int64_t from, const Sink& sink) {
  if (from == 0) return fetch(blob, sink);
  return fail(Code::kFailed, "blob " + blob.digest.text() + " cannot be fetched from its middle");
}

Text text_blob(std::string bytes) {
  storage::unpack::Sha256 hash;
  hash.update(bytes);
  return {std::move(bytes), hash.finish()};
}

Result<std::string> install(Engine& engine, const Incoming& image, BlobSource& source, Progress& progress,
                            std::optional<Arrived> arrived) {
  TRY_SET(Store * store, engine.store(Store::Access::kWrite));
  TRY_SET(Staging own, store->new_staging());
  const Staging& staging = arrived ? arrived->staging : own;
  return Installation(engine, *store, staging, image, source, progress, arrived).run();
}

}  // namespace creel::engine::transfer
