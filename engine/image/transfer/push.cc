// push: an image from the store to a registry, or to any other location.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "engine/image/image_config.h"
#include "engine/image/name_match.h"
#include "engine/image/transfer/endpoint.h"
#include "engine/image/transfer/endpoint_registry.h"
#include "engine/image/transfer/naming.h"
#include "engine/image/transfer/outgoing.h"
#include "engine/image/transfer/sign.h"
#include "engine/image/transfer/trust.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
using registry::Location;
using storage::ImageRecord;

namespace {

constexpr std::size_t kParallel = 4;

// Blobs side by side; the first error ends it, after what is under way.
class Sending {
 public:
  Sending(ImageDestination& destination, const Outgoing& image, Progress& progress)
      : destination_(destination), image_(image), progress_(progress) {}

  Result<void> run() {
    std::vector<std::thread> workers;
    for (std::size_t i = 1; i < std::min(kParallel, image_.parts.size()); ++i) {
      try {
        workers.emplace_back([this] { work(); });
      } catch (const std::system_error&) {
        break;  // fewer, then
      }
    }
    work();
    for (std::thread& worker : workers) worker.join();
    return std::move(result_);
  }

 private:
  void work() {
    for (;;) {
      const std::size_t i = next_.fetch_add(1);
      if (i >= image_.parts.size() || failed_) return;
      if (auto sent = send(image_.parts[i]); !sent.ok()) {
        const std::lock_guard lock(mutex_);
        if (!failed_.exchange(true)) result_ = std::move(sent);
      }
    }
  }
  Result<void> send(const Outgoing::Part& part) {
    TRY_SET(const bool there, destination_.has(part.blob));
    if (!there) TRY(destination_.put(part.blob, part.bytes, progress_));
    if (part.config) {
      progress_.message("Copying config " + part.blob.digest.hex().substr(0, 12) + " done");
    } else {
      progress_.blob_done(part.blob.digest.text(), there ? "skipped: already exists" : "done");
    }
    return {};
  }

  ImageDestination& destination_;
  const Outgoing& image_;
  Progress& progress_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  Result<void> result_;
};

Result<Location> location_of(const ImageRecord& image, const std::string& given, const std::string& destination) {
  if (!destination.empty()) return registry::parse_location(destination);
  const std::string name = name_meant(image, given);
  if (name.empty()) {
    return fail(Code::kInvalid, "the image was given by its ID, which says no destination")
        .with_hint("creel push " + given + " REGISTRY/NAME[:TAG]");
  }
  Location out;
  out.reference = name;
  return out;
}

Result<Digest> push_to(Engine& engine, const ImageRecord& image, const Location& location, const PushOptions& options,
                       Progress& progress) {
  if (auto fits = require_platform(image.config, options.registry.platform); !fits.ok()) {
    return std::move(fits).error().with_hint("pull it with --platform " + options.registry.platform + " first");
  }
  TRY_SET(const auto destination, open_destination(engine, location, options.registry));
  TRY_SET(const Outgoing outgoing, prepare(engine, image, options, *destination));
  TRY(Sending(*destination, outgoing, progress).run());
  progress.message("Writing manifest to image destination");
  TRY(destination->put_manifest(outgoing.manifest, outgoing.media_type, true));
  TRY(destination->finish());
  return outgoing.manifest.digest;
}

}  // namespace

Result<Digest> push(Engine& engine, const std::string& given, const std::string& destination,
                    const PushOptions& options, Progress& progress) {
  TRY_SET(ImageRecord image, find_image(engine, given));
  TRY(use_manifest_of_name(engine, image, given));
  auto location = location_of(image, given, destination);
  if (!location.ok()) return std::move(location).error().within("pushing " + given);
  const std::string doing = "pushing " + given + " to " + location->text();
  TRY(check_leaving(engine, image, options.registry.signature_policy));
  std::optional<Signer> signer;
  if (options.sign.wanted()) {
    auto opened = Signer::open(engine, *location, options.sign);
    if (!opened.ok()) return std::move(opened).error().within(doing);
    signer = std::move(*opened);
  }
  auto digest = push_to(engine, image, *location, options, progress);
  if (!digest.ok()) return std::move(digest).error().within(doing);
  if (signer) {
    auto signed_there = signer->sign(client_options(options.registry), *digest);
    if (!signed_there.ok()) return std::move(signed_there).error().within("signing " + location->text());
  }
  return digest;
}

Result<std::vector<std::string>> tags_of(Engine& engine, const std::string& name) {
  TRY_SET(const ImageRecord image, find_image(engine, name));
  const std::string meant = name_meant(image, name);
  if (meant.empty()) return fail(Code::kInvalid, name + ": a name is expected, not an ID");
  const std::string repository = meant.substr(0, meant.rfind(':'));
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const auto images, store->images());
  std::vector<std::string> out;
  for (const ImageRecord& one : images) {
    for (const std::string& other : one.names) {
      if (other.substr(0, other.rfind(':')) == repository) out.push_back(other);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace creel::engine::transfer
