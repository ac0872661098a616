#include "engine/image/transfer/receive.h"

#include <fcntl.h>

#include <algorithm>

#include "base/file.h"
#include "engine/image/image_config.h"
#include "engine/image/transfer/local_source.h"
#include "engine/image/transfer/naming.h"

namespace creel::engine::transfer {

namespace archive = registry::archive;
namespace oci = registry::oci;
using registry::FetchedManifest;
using registry::Location;
using registry::Transport;

namespace {

constexpr std::int64_t kConfigLimit = 8 << 20;

// The manifest for the platform, through an index where there is one; only if the policy accepts it.
Result<Incoming> resolve(ImageSource& source, const Platform& platform, const Gate& allowed) {
  if (!allowed) return fail(Code::kDenied, "nobody has asked the signature policy");
  Incoming out;
  TRY_SET(FetchedManifest fetched, source.manifest({}));
  if (oci::is_index(fetched.text, fetched.media_type)) {
    TRY_SET(const oci::Index index, oci::parse_index(fetched.text, fetched.media_type));
    TRY_SET(const oci::Descriptor chosen, oci::choose(index, {platform.os, platform.architecture, platform.variant}));
    out.index = text_blob(std::move(fetched.text));
    TRY_SET(fetched, source.manifest(chosen.digest));
    if (oci::is_index(fetched.text, fetched.media_type)) {
      return fail(Code::kUnsupported, "the index names another index, " + chosen.digest.text());
    }
  }
  out.manifest_text = text_blob(std::move(fetched.text));
  std::vector<Digest> digests{out.manifest_text.digest};
  if (!out.index.digest.empty()) digests.push_back(out.index.digest);
  TRY(allowed(digests));
  TRY_SET(out.manifest, oci::parse_manifest(out.manifest_text.bytes, fetched.media_type));
  return out;
}

// Under its transfer lock, as layers are: of many processes that bring the same image, one fetches it.
Result<Text> fetch_config(Engine& engine, ImageSource& source, const oci::Descriptor& config) {
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  TRY_SET(const FileLock lock, store->lock_transfer(config.digest));
  if (auto kept = store->open_blob(config.digest); kept.ok()) {
    if (auto bytes = read_all(kept->get(), kConfigLimit + 1); bytes.ok()) {
      Text text = text_blob(std::move(*bytes));
      if (text.digest == config.digest) return text;
    }
  }
  TRY_SET(Text text, fetch_text(source, config));
  TRY_SET(const storage::Staging staging, store->new_staging());
  TRY(write_atomic_at(staging.dir(), "config", text.bytes, 0644));
  TRY(store->publish_blob(staging, "config", text.digest));
  return text;
}

// Without an index there is no choice; that what came will not run is said, not refused.
Result<void> warn_of_platform(const Engine& engine, const Text& text, const Platform& wanted) {
  TRY_SET(const ImageConfig config, parse_image_config(text.bytes));
  if (config.os == wanted.os && config.architecture == wanted.architecture) return {};
  if (config.architecture.empty()) return {};
  engine.warn("image platform (" + config.os + "/" + config.architecture + ") does not match the expected platform (" +
              wanted.os + "/" + wanted.architecture + ")");
  return {};
}

Result<Reception> named(const std::vector<std::string>& names, const RegistryOptions& options) {
  Reception how;
  how.platform = options.platform;
  for (const std::string& name : names) {
    TRY_SET(const Reference reference, parse_local_reference(name));
    if (!reference.tag.empty()) how.names.push_back(reference.repository() + ":" + reference.tag);
    how.repositories.push_back(reference.repository());
  }
  return how;
}

Result<std::string> received(Engine& engine, ImageSource& source, const Reception& how, const Location& location,
                             Progress& progress) {
  auto id = receive(engine, source, how, progress);
  if (!id.ok()) return std::move(id).error().within("pulling " + location.text());
  return id;
}

Result<std::vector<std::string>> pull_docker_archive(Engine& engine, const Location& location,
                                                     const RegistryOptions& options, Progress& progress) {
  TRY_SET(Fd fd, open_file(location.path, O_RDONLY));
  TRY_SET(const Files files, open_files(engine, std::move(fd), location.path));
  TRY_SET(std::vector<archive::DockerImage> images, archive::read_docker_archive(*files, location.path));
  if (!location.reference.empty()) {
    TRY_SET(archive::DockerImage one, choose_docker_image(std::move(images), location.reference, location.path));
    images.clear();
    images.push_back(std::move(one));
  }
  TRY_SET(const Trust trust, Trust::open(engine, options.signature_policy));
  const std::string path = real_path(location.path);
  std::vector<std::string> out;
  for (archive::DockerImage& image : images) {
    TRY_SET(const auto source, docker_archive_source(std::move(image), location.path));
    TRY_SET(Reception how, named(source->names(), options));
    how.allowed = trust.gate({"docker-archive", path, how.names.empty() ? "" : how.names.front(), {}});
    TRY_SET(std::string id, received(engine, *source, how, location, progress));
    out.push_back(std::move(id));
  }
  return out;
}

}  // namespace

Result<Text> fetch_text(BlobSource& source, const oci::Descriptor& config) {
  if (config.size > kConfigLimit) {
    return fail(Code::kInvalid,
                "the image's configuration has " + std::to_string(config.size) + " bytes, more than is reasonable");
  }
  std::string bytes;
  TRY(source.fetch(config, [&](std::string_view part) -> Result<void> {
    if (std::ssize(bytes) + std::ssize(part) > config.size)
      return fail(Code::kInvalid, "the image's configuration is longer than its descriptor says");
    bytes.append(part);
    return {};
  }));
  Text text = text_blob(std::move(bytes));
  if (text.digest != config.digest)
    return fail(Code::kInvalid,
                "digest mismatch: the configuration " + config.digest.text() + " has " + text.digest.text());
  return text;
}

Result<std::string> receive(Engine& engine, ImageSource& source, const Reception& how, Progress& progress) {
  TRY_SET(const Platform platform, parse_platform(how.platform));
  TRY_SET(Incoming image, resolve(source, platform, how.allowed));
  TRY_SET(image.config, fetch_config(engine, source, image.manifest.config));
  if (how.that_platform) TRY(require_platform(image.config.bytes, how.platform));
  TRY(warn_of_platform(engine, image.config, platform));
  if (source.made_up()) {
    TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
    TRY_SET(const auto known, store->image_by_id(image.config.digest.hex()));
    if (known) {
      for (const std::string& name : how.names) TRY(store->tag_image(known->id, name));
      return known->id;
    }
  }
  image.names = how.names;
  for (const std::string& repository : how.repositories) {
    image.digests.push_back(repository + "@" + image.manifest_text.digest.text());
    if (!image.index.digest.empty()) image.digests.push_back(repository + "@" + image.index.digest.text());
  }
  std::sort(image.digests.begin(), image.digests.end());
  image.digests.erase(std::unique(image.digests.begin(), image.digests.end()), image.digests.end());
  return install(engine, image, source, progress);
}

Result<std::vector<std::string>> pull_local(Engine& engine, const Location& location, const RegistryOptions& options,
                                            Progress& progress) {
  if (location.transport == Transport::kDockerArchive) return pull_docker_archive(engine, location, options, progress);
  TRY_SET(const auto source, open_source(engine, location, options));
  std::vector<std::string> names;
  const bool given = !location.reference.empty() && !location.reference.starts_with('@');
  switch (location.transport) {
    case Transport::kOci:
      // Without a reference it stays nameless, as with Podman, whatever the directory calls it.
      if (given) names = {location.reference};
      break;
    case Transport::kOciArchive:
      names = given ? std::vector{location.reference} : source->names();
      break;
    default:
      names = source->names();
  }
  TRY_SET(Reception how, named(names, options));
  TRY_SET(const Trust trust, Trust::open(engine, options.signature_policy));
  Trust::Place place{location.text().substr(0, location.text().find(':')), real_path(location.path), {}, {}};
  if (location.transport == Transport::kDir) {
    TRY_SET(Fd dir, open_file(location.path, O_RDONLY | O_DIRECTORY));
    TRY_SET(place.signatures, signatures_in(*archive::open_directory(std::move(dir))));
  }
  how.allowed = trust.gate(std::move(place));
  TRY_SET(std::string id, received(engine, *source, how, location, progress));
  return std::vector{std::move(id)};
}

}  // namespace creel::engine::transfer
