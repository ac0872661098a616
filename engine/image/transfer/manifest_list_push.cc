// A manifest list and its images on their way to another place.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/file.h"
#include "engine/image/transfer/endpoint.h"
#include "engine/image/transfer/endpoint_registry.h"
#include "engine/image/transfer/manifest_list_edit.h"
#include "engine/image/transfer/outgoing.h"
#include "engine/image/transfer/sign.h"
#include "storage/unpack/unpack.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
using registry::archive::Member;
using storage::ImageRecord;
using storage::Store;

namespace {

// What says of an entry that its layers are zstd's: who knows nothing of these finds the other one first.
constexpr const char* kZstdAnnotation = "io.github.containers.compression.zstd";

bool has_layers_as(const oci::Manifest& manifest, const std::string& compression) {
  return std::all_of(manifest.layers.begin(), manifest.layers.end(),
                     [&](const oci::Descriptor& layer) { return layer.media_type.ends_with(compression); });
}

class ListPush {
 public:
  ListPush(Engine& engine, Store& store, const ImageRecord& list, ImageDestination& destination,
           const PushListOptions& options, Progress& progress)
      : engine_(engine),
        store_(store),
        list_(list),
        destination_(destination),
        options_(options),
        progress_(progress) {}

  // The entries that it has at the destination.
  Result<std::vector<ListEntry>> image(const ListEntry& entry, std::size_t number, std::size_t of) {
    const Digest& digest = entry.descriptor.digest;
    progress_.message("Copying image " + digest.text() + " (" + std::to_string(number) + "/" + std::to_string(of) +
                      ")");
    TRY_SET(const Fd blob, store_.open_blob(digest));
    TRY_SET(std::string text, read_all(blob.get(), oci::kMaxManifestBytes));
    // Artifacts are what they are.
    const auto manifest = oci::parse_manifest(text, {});
    if (!manifest.ok()) {
      TRY(as_it_is(entry, std::move(text)));
      return std::vector{entry};
    }
    std::vector<ListEntry> out;
    PushOptions how = options_.push;
    if (how.format.empty() && how.compression_format.empty()) {
      TRY(as_it_is(entry, text));
      out.push_back(entry);
    } else {
      TRY_SET(ListEntry made, anew(entry, text, how));
      out.push_back(std::move(made));
    }
    for (const std::string& compression : options_.add_compression) {
      if (compression == how.compression_format ||
          (how.compression_format.empty() && has_layers_as(*manifest, compression)))
        continue;
      PushOptions other = how;
      other.compression_format = compression;
      TRY_SET(ListEntry made, anew(entry, text, other));
      if (compression == "zstd") made.descriptor.annotations[kZstdAnnotation] = "true";
      out.push_back(std::move(made));
    }
    return out;
  }

 private:
  Result<void> as_it_is(const ListEntry& entry, std::string text) {
    if (!destination_.takes(entry.descriptor.media_type)) {
      return fail(Code::kUnsupported, "the destination holds no manifests of type " + entry.descriptor.media_type);
    }
    for (const oci::Descriptor& part : named_by(text)) TRY(send(part, entry.descriptor.digest));
    return destination_.put_manifest({std::move(text), entry.descriptor.digest}, entry.descriptor.media_type, false);
  }

  Result<ListEntry> anew(const ListEntry& entry, const std::string& text, const PushOptions& how) {
    const Digest& digest = entry.descriptor.digest;
    const auto find = [&](const oci::Descriptor& part) { return bytes_of(part, digest); };
    TRY_SET(const Outgoing image, prepare(engine_, {text, digest}, find, how, destination_));
    for (const Outgoing::Part& part : image.parts) {
      TRY_SET(const bool there, destination_.has(part.blob));
      if (!there) TRY(destination_.put(part.blob, part.bytes, progress_));
      progress_.blob_done(part.blob.digest.text(), there ? "skipped: already exists" : "done");
    }
    TRY(destination_.put_manifest(image.manifest, image.media_type, false));
    ListEntry out = entry;
    out.descriptor.media_type = image.media_type;
    out.descriptor.digest = image.manifest.digest;
    out.descriptor.size = std::ssize(image.manifest.bytes);
    return out;
  }

  Result<void> send(const oci::Descriptor& part, const Digest& image) {
    TRY_SET(const bool there, destination_.has(part));
    if (!there) {
      TRY_SET(const Member bytes, bytes_of(part, image));
      TRY(destination_.put(part, bytes, progress_));
    }
    progress_.blob_done(part.digest.text(), there ? "skipped: already exists" : "done");
    return {};
  }

  // From the store, else from the registry that the image was added from.
  Result<Member> bytes_of(const oci::Descriptor& part, const Digest& image) {
    if (auto kept = store_.open_blob(part.digest); kept.ok()) return whole(std::move(*kept), part);
    TRY_SET(ImageSource * source, source_of(image));
    TRY_SET(Fd file, open_file(store_.paths().staging(), O_TMPFILE | O_RDWR, 0600));
    storage::unpack::Sha256 hash;
    std::int64_t size = 0;
    TRY(source->fetch(part, [&](std::string_view bytes) -> Result<void> {
      hash.update(bytes);
      size += std::ssize(bytes);
      if (size > part.size) return fail(Code::kInvalid, part.digest.text() + " is longer than its descriptor says");
      progress_.blob(part.digest.text(), size, part.size);
      return write_all(file.get(), bytes);
    }));
    if (hash.finish() != part.digest)
      return fail(Code::kInvalid, "digest mismatch: what came is not " + part.digest.text());
    return whole(std::move(file), part);
  }

  static Result<Member> whole(Fd file, const oci::Descriptor& part) {
    struct stat info {};
    if (fstat(file.get(), &info) != 0) return errno_error("reading blob " + part.digest.text());
    return Member{std::make_shared<const Fd>(std::move(file)), 0, info.st_size};
  }

  Result<ImageSource*> source_of(const Digest& image) {
    if (const auto known = sources_.find(image); known != sources_.end()) return known->second.get();
    for (const std::string& place : list_.digests) {
      if (!place.ends_with("@" + image.text())) continue;
      registry::Location location;
      location.reference = place;
      TRY_SET(auto source, open_source(engine_, location, options_.push.registry));
      return (sources_[image] = std::move(source)).get();
    }
    return fail(Code::kNotFound, "what image " + image.text() +
                                     " of the list consists of is not in local storage, and no "
                                     "registry is known that has it")
        .with_hint("add the image to the list again");
  }

  Engine& engine_;
  Store& store_;
  const ImageRecord& list_;
  ImageDestination& destination_;
  const PushListOptions& options_;
  Progress& progress_;
  std::map<Digest, std::unique_ptr<ImageSource>> sources_;
};

Result<std::string> text_of_format(const ManifestList& document, const std::string& format, std::string& type) {
  type = document.media_type();
  if (format == "oci") type = oci::kOciIndex;
  if (format == "v2s2") type = oci::kDockerList;
  if (!format.empty() && format != "oci" && format != "v2s2") {
    return fail(Code::kInvalid, "unknown format \"" + format + "\": choose from oci, v2s2");
  }
  return document.text_as(type);
}

}  // namespace

Result<Digest> push_list(Engine& engine, const std::string& name, const std::string& to, const PushListOptions& options,
                         Progress& progress) {
  TRY_SET(const ImageRecord list, find_list(engine, name));
  TRY_SET(ManifestList document, read_list(engine, list));
  TRY_SET(Store * store, engine.store());
  TRY_SET(const registry::Location location, registry::parse_location(to));
  const std::string doing = "pushing " + name + " to " + location.text();
  std::optional<Signer> signer;
  if (options.push.sign.wanted()) {
    auto opened = Signer::open(engine, location, options.push.sign);
    if (!opened.ok()) return std::move(opened).error().within(doing);
    signer = std::move(*opened);
  }
  TRY_SET(const auto destination, open_destination(engine, location, options.push.registry));
  if (!destination->takes(oci::kOciIndex) && !destination->takes(oci::kDockerList)) {
    return fail(Code::kUnsupported, doing + ": the destination holds no manifest lists");
  }
  std::vector<Digest> sent;
  if (options.all) {
    ListPush pushing(engine, *store, list, *destination, options, progress);
    std::vector<ListEntry> there;
    for (std::size_t i = 0; i < document.entries.size(); ++i) {
      auto entries = pushing.image(document.entries[i], i + 1, document.entries.size());
      if (!entries.ok()) return std::move(entries).error().within(doing);
      for (ListEntry& entry : *entries) {
        sent.push_back(entry.descriptor.digest);
        there.push_back(std::move(entry));
      }
    }
    document.entries = std::move(there);
  }
  std::string type;
  TRY_SET(std::string text, text_of_format(document, options.push.format, type));
  progress.message("Writing manifest list to image destination");
  const Text index = text_blob(std::move(text));
  TRY(destination->put_manifest(index, type, true));
  TRY(destination->finish());
  if (!signer) return index.digest;
  sent.push_back(index.digest);
  for (const Digest& digest : sent) {
    auto signed_there = signer->sign(client_options(options.push.registry), digest);
    if (!signed_there.ok()) return std::move(signed_there).error().within("signing " + location.text());
  }
  return index.digest;
}

}  // namespace creel::engine::transfer
