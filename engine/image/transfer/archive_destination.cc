// oci-archive and docker-archive: a tar that is written from its beginning to its end.
#include <fcntl.h>
#include <sys/stat.h>

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "engine/image/transfer/local_destination.h"
#include "engine/image/transfer/local_source.h"
#include "registry/archive/decompress.h"
#include "registry/archive/layout_index.h"
#include "registry/archive/writer.h"
#include "registry/oci/manifest.h"
#include "storage/unpack/unpack.h"

namespace creel::engine::transfer {

namespace archive = registry::archive;
namespace oci = registry::oci;
using archive::Member;
using nlohmann::ordered_json;

namespace {

class ArchiveDestination : public LocalDestination {
 public:
  explicit ArchiveDestination(ArchiveOutput output)
      : output_(std::move(output)), writer_(archive::tar_writer(output_.descriptor())) {}

  Result<bool> has(const oci::Descriptor& blob) override {
    const std::lock_guard lock(mutex_);
    return written_.contains(blob.digest) || waiting_.contains(blob.digest);
  }
  Result<void> put(const oci::Descriptor& blob, const Member& bytes, Progress& progress) override {
    const std::lock_guard lock(mutex_);
    if (!written_.contains(blob.digest)) waiting_.emplace(blob.digest, bytes);
    progress_ = &progress;
    return {};
  }

 protected:
  Result<void> close() {
    TRY(writer_->finish());
    return output_.publish();
  }
  void done(const Digest& digest) {
    if (progress_ != nullptr) progress_->blob_done(digest.text(), "done");
  }

  ArchiveOutput output_;
  std::unique_ptr<archive::Writer> writer_;
  std::mutex mutex_;
  std::map<Digest, Member> waiting_;
  std::set<Digest> written_;
  Progress* progress_ = nullptr;  // the caller's, as long as blobs come
};

class LayoutArchive : public ArchiveDestination {
 public:
  using ArchiveDestination::ArchiveDestination;

  Result<void> put_manifest(const Text& text, const std::string& media_type, bool top) override {
    TRY(begin());
    for (const auto& [digest, member] : waiting_) {
      TRY(writer_->add("blobs/sha256/" + digest.hex(), member));
      written_.insert(digest);
      done(digest);
    }
    waiting_.clear();
    if (written_.insert(text.digest).second) {
      TRY(writer_->add("blobs/sha256/" + text.digest.hex(), std::string_view(text.bytes)));
    }
    if (!top) return {};
    const oci::Descriptor entry{.media_type = media_type, .digest = text.digest, .size = std::ssize(text.bytes)};
    if (names.empty()) index_.add(entry, {});
    for (const std::string& name : names) index_.add(entry, name);
    return {};
  }
  Result<void> finish() override {
    TRY(begin());
    TRY(writer_->add("index.json", std::string_view(index_.text())));
    return close();
  }

 private:
  Result<void> begin() {
    if (std::exchange(begun_, true)) return {};
    return writer_->add("oci-layout", std::string_view(R"({"imageLayoutVersion":"1.0.0"})"));
  }
  archive::LayoutIndex index_;
  bool begun_ = false;
};

// As `docker save` and `podman save` write it: plain layers by DiffID, configurations by ID, manifest.json and the old
// "repositories".
class DockerArchive : public ArchiveDestination {
 public:
  DockerArchive(Engine& engine, ArchiveOutput output) : ArchiveDestination(std::move(output)), engine_(engine) {}

  [[nodiscard]] bool takes(const std::string& media_type) const override {
    return media_type == oci::kOciManifest || media_type == oci::kDockerManifest;
  }

  Result<void> put_manifest(const Text& text, const std::string& media_type, bool top) override {
    if (!top || oci::is_index(text.bytes, media_type)) {
      return fail(Code::kUnsupported, "a docker-archive cannot hold an index");
    }
    TRY_SET(const oci::Manifest manifest, oci::parse_manifest(text.bytes, media_type));
    TRY_SET(const std::string config, config_of(manifest));
    TRY_SET(const std::vector<Digest> diff_ids, oci::diff_ids(config));
    if (diff_ids.size() != manifest.layers.size()) {
      return fail(Code::kInvalid, "the manifest has " + std::to_string(manifest.layers.size()) +
                                      " layers, the configuration " + std::to_string(diff_ids.size()));
    }
    ordered_json layers = ordered_json::array();
    for (std::size_t i = 0; i < diff_ids.size(); ++i) {
      const std::string name = diff_ids[i].hex() + ".tar";
      layers.push_back(name);
      const Digest& blob = manifest.layers[i].digest;
      if (!files_.insert(name).second) continue;
      TRY_SET(const Member plain, inflated(blob, diff_ids[i]));
      TRY(writer_->add(name, plain));
      done(blob);
    }
    const std::string name = manifest.config.digest.hex() + ".json";
    if (files_.insert(name).second) TRY(writer_->add(name, std::string_view(config)));
    images_.push_back({{"Config", name}, {"RepoTags", names}, {"Layers", std::move(layers)}});
    for (const std::string& full : names) {
      const std::size_t colon = full.rfind(':');
      repositories_[full.substr(0, colon)][full.substr(colon + 1)] =
          diff_ids.empty() ? manifest.config.digest.hex() : diff_ids.back().hex();
    }
    for (const auto& [digest, member] : waiting_) written_.insert(digest);
    waiting_.clear();
    configs_.insert_or_assign(manifest.config.digest, config);
    return {};
  }
  Result<void> finish() override {
    TRY(writer_->add("manifest.json", std::string_view(images_.dump())));
    TRY(writer_->add("repositories", std::string_view(repositories_.dump())));
    return close();
  }

 private:
  [[nodiscard]] Result<Member> waiting(const Digest& digest) const {
    const auto found = waiting_.find(digest);
    if (found == waiting_.end()) return fail(Code::kFailed, "blob " + digest.text() + " did not come");
    return found->second;
  }
  [[nodiscard]] Result<std::string> config_of(const oci::Manifest& manifest) const {
    if (const auto known = configs_.find(manifest.config.digest); known != configs_.end()) return known->second;
    TRY_SET(const Member member, waiting(manifest.config.digest));
    return archive::read_member_text(member, oci::kMaxManifestBytes, "the image's configuration");
  }
  // The layer's plain tar: a tar's header says the size before the content, so it is made whole first.
  [[nodiscard]] Result<Member> inflated(const Digest& digest, const Digest& diff_id) const {
    TRY_SET(const Member kept, waiting(digest));
    if (digest == diff_id) return kept;
    TRY_SET(Fd file, scratch_file(engine_));
    storage::unpack::Sha256 hash;
    std::int64_t size = 0;
    const auto keep = [&](std::string_view bytes) {
      hash.update(bytes);
      size += std::ssize(bytes);
      return write_all(file.get(), bytes);
    };
    auto made = archive::decompress(archive::source_of(kept), keep);
    if (!made.ok()) return std::move(made).error().within("blob " + digest.text() + " in the store");
    if (hash.finish() != diff_id) {
      return fail(Code::kFailed,
                  "blob " + digest.text() + " in the store is damaged: it does not unpack to " + diff_id.text())
          .with_hint("remove the image with creel rmi and pull it again");
    }
    return Member{std::make_shared<const Fd>(std::move(file)), 0, size};
  }

  Engine& engine_;
  std::set<std::string> files_;
  std::map<Digest, std::string> configs_;
  ordered_json images_ = ordered_json::array();
  ordered_json repositories_ = ordered_json::object();
};

}  // namespace

int ArchiveOutput::descriptor() const {
  if (file) return file->fd();
  return own.valid() ? own.get() : fd;
}

Result<ArchiveOutput> open_output(const std::string& path) {
  struct stat info {};
  ArchiveOutput out;
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    if (S_ISDIR(info.st_mode)) return fail(Code::kInvalid, "writing to " + path + ": it is a directory");
    TRY_SET(out.own, open_file(path, O_WRONLY));
    return out;
  }
  TRY_SET(AtomicFile file, AtomicFile::create(path));
  out.file.emplace(std::move(file));
  return out;
}

std::unique_ptr<LocalDestination> layout_archive(ArchiveOutput output) {
  return std::make_unique<LayoutArchive>(std::move(output));
}

std::unique_ptr<LocalDestination> docker_archive(Engine& engine, ArchiveOutput output) {
  return std::make_unique<DockerArchive>(engine, std::move(output));
}

}  // namespace creel::engine::transfer
