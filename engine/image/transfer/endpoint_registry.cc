#include "engine/image/transfer/endpoint_registry.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "base/text.h"
#include "engine/image/transfer/pushed.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
using registry::Location;

namespace {

class RegistrySource : public ImageSource {
 public:
  RegistrySource(std::unique_ptr<registry::Client> client, Reference reference)
      : client_(std::move(client)), reference_(std::move(reference)) {}

  Result<registry::FetchedManifest> manifest(const std::optional<Digest>& instance) override {
    const std::string own = reference_.digest.empty() ? reference_.tag : reference_.digest.text();
    return client_->manifest(reference_.path, instance ? instance->text() : own);
  }
  Result<void> fetch(const oci::Descriptor& blob, const Sink& sink) override { return fetch_from(blob, 0, sink); }
  // Hashed on the way into the store.
  Result<void> fetch_from(const oci::Descriptor& blob, std::int64_t from, const Sink& sink) override {
    return client_->blob(reference_.path, blob, sink, true, from);
  }
  [[nodiscard]] bool resumable() const override { return true; }
  [[nodiscard]] std::vector<std::string> names() const override {
    if (!reference_.digest.empty()) return {};
    return {reference_.repository() + ":" + reference_.tag};
  }

  [[nodiscard]] std::string repository() const override { return reference_.repository(); }
  Result<std::vector<oci::Referrer>> referrers(const Digest& subject) override {
    return client_->referrers(reference_.path, subject);
  }

 private:
  std::unique_ptr<registry::Client> client_;
  Reference reference_;
};

// By blob: the repositories of that registry which it has come from, or was sent to.
using Origins = std::map<Digest, std::vector<std::string>>;

void add_origin(Origins& origins, const Reference& target, const std::string& repository,
                const std::vector<Digest>& blobs) {
  constexpr std::size_t kMost = 3;
  if (!repository.starts_with(target.domain + "/") || repository == target.repository()) return;
  const std::string path = repository.substr(target.domain.size() + 1);
  for (const Digest& blob : blobs) {
    std::vector<std::string>& paths = origins[blob];
    if (paths.size() < kMost && std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
  }
}

Result<Origins> origins_of(Engine& engine, const Reference& target) {
  Origins out;
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const auto images, store->images());
  for (const storage::ImageRecord& image : images) {
    for (const std::string& digest : image.digests) add_origin(out, target, cut(digest, '@').before, image.blobs);
  }
  for (const Pushed& one : remembered_pushes(engine.paths().pushed()))
    add_origin(out, target, one.repository, one.blobs);
  return out;
}

class RegistryDestination : public ImageDestination {
 public:
  // `pushed`: where what has arrived is remembered.
  RegistryDestination(std::unique_ptr<registry::Client> client, Reference reference, Origins origins,
                      std::string pushed)
      : client_(std::move(client)),
        reference_(std::move(reference)),
        origins_(std::move(origins)),
        pushed_(std::move(pushed)) {}

  [[nodiscard]] bool takes(const std::string&) const override { return true; }

  Result<bool> has(const oci::Descriptor& blob) override {
    TRY_SET(const bool there, client_->has_blob(reference_.path, blob.digest));
    if (there) return arrived(blob.digest);
    const auto known = origins_.find(blob.digest);
    if (known == origins_.end()) return false;
    for (const std::string& from : known->second) {
      {
        const std::lock_guard lock(mutex_);
        if (useless_.contains(from)) continue;
      }
      TRY_SET(const bool mounted, client_->mount(reference_.path, blob.digest, from));
      if (mounted) return arrived(blob.digest);
      // Gone there, or nothing of ours: each try costs the registry an upload that is begun.
      const std::lock_guard lock(mutex_);
      useless_.insert(from);
    }
    return false;
  }
  Result<void> put(const oci::Descriptor& blob, const registry::archive::Member& bytes, Progress& progress) override {
    const std::string name = blob.digest.text();
    TRY(client_->upload(reference_.path, blob, bytes,
                        [&](std::int64_t sent) { progress.blob(name, sent, blob.size); }));
    arrived(blob.digest);
    return {};
  }
  Result<void> put_manifest(const Text& text, const std::string& media_type, bool top) override {
    const bool tagged = top && !reference_.tag.empty();
    return client_->put_manifest(reference_.path, tagged ? reference_.tag : text.digest.text(), text.bytes, media_type);
  }
  Result<void> finish() override {
    remember_pushed(pushed_, {reference_.repository(), arrived_});
    return {};
  }

 private:
  bool arrived(const Digest& blob) {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(blob);
    return true;
  }

  std::unique_ptr<registry::Client> client_;
  const Reference reference_;
  const Origins origins_;
  const std::string pushed_;
  std::mutex mutex_;
  std::set<std::string> useless_;  // repositories that a mount from failed
  std::vector<Digest> arrived_;
};

}  // namespace

registry::ClientOptions client_options(const RegistryOptions& options) {
  registry::ClientOptions out;
  out.authfile = options.authfile;
  out.creds = options.creds;
  out.cert_dir = options.cert_dir;
  out.tls_verify = options.tls_verify;
  out.retries = options.retries;
  out.retry_delay_ms = options.retry_delay_ms;
  return out;
}

Result<std::unique_ptr<ImageSource>> registry_source(const Location& location, const RegistryOptions& options) {
  TRY_SET(Reference reference, parse_reference(location.reference));
  TRY_SET(auto client, registry::Client::open(reference.domain, client_options(options)));
  return std::unique_ptr<ImageSource>(std::make_unique<RegistrySource>(std::move(client), std::move(reference)));
}

Result<std::unique_ptr<ImageDestination>> registry_destination(Engine& engine, const Location& location,
                                                               const RegistryOptions& options) {
  TRY_SET(Reference reference, parse_reference(location.reference));
  if (!reference.tag.empty() && !reference.digest.empty())
    return fail(Code::kInvalid, "writing to " + location.text() + ": a tag or a digest, not both");
  TRY_SET(Origins origins, origins_of(engine, reference));
  TRY_SET(auto client, registry::Client::open(reference.domain, client_options(options)));
  return std::unique_ptr<ImageDestination>(std::make_unique<RegistryDestination>(
      std::move(client), std::move(reference), std::move(origins), engine.paths().pushed()));
}

}  // namespace creel::engine::transfer
