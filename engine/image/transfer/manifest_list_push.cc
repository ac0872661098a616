// A manifest list and its images on their way to another place.
#include <fcntl.h>
#include <sys/stat.h>

#include <map>

#include "base/file.h"
#include "engine/image/transfer/endpoint.h"
#include "engine/image/transfer/manifest_list_edit.h"
#include "storage/unpack/unpack.h"

namespace creel::engine::transfer {

namespace oci = registry::oci;
using registry::archive::Member;
using storage::ImageRecord;
using storage::Store;

namespace {

class ListPush {
 public:
  ListPush(Engine& engine, Store& store, const ImageRecord& list, ImageDestination& destination,
           const RegistryOptions& options, Progress& progress)
      : engine_(engine),
        store_(store),
        list_(list),
        destination_(destination),
        options_(options),
        progress_(progress) {}

  Result<void> image(const ListEntry& entry, std::size_t number, std::size_t of) {
    const Digest& digest = entry.descriptor.digest;
    progress_.message("Copying image " + digest.text() + " (" + std::to_string(number) + "/" + std::to_string(of) +
                      ")");
    TRY_SET(const Fd blob, store_.open_blob(digest));
    TRY_SET(std::string text, read_all(blob.get(), oci::kMaxManifestBytes));
    if (!destination_.takes(entry.descriptor.media_type)) {
      return fail(Code::kUnsupported, "the destination holds no manifests of type " + entry.descriptor.media_type);
    }
    for (const oci::Descriptor& part : named_by(text)) TRY(send(part, digest));
    return destination_.put_manifest(text_blob(std::move(text)), entry.descriptor.media_type, false);
  }

 private:
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
      TRY_SET(auto source, open_source(engine_, location, options_));
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
  const RegistryOptions& options_;
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
  TRY_SET(const ManifestList document, read_list(engine, list));
  TRY_SET(Store * store, engine.store());
  std::string type;
  TRY_SET(std::string text, text_of_format(document, options.format, type));
  TRY_SET(const registry::Location location, registry::parse_location(to));
  TRY_SET(const auto destination, open_destination(engine, location, options.registry));
  if (!destination->takes(type)) {
    return fail(Code::kUnsupported, "pushing " + name + ": " + location.text() + " holds no manifest lists");
  }
  if (options.all) {
    ListPush pushing(engine, *store, list, *destination, options.registry, progress);
    for (std::size_t i = 0; i < document.entries.size(); ++i) {
      auto sent = pushing.image(document.entries[i], i + 1, document.entries.size());
      if (!sent.ok()) return std::move(sent).error().within("pushing " + name + " to " + location.text());
    }
  }
  progress.message("Writing manifest list to image destination");
  const Text index = text_blob(std::move(text));
  TRY(destination->put_manifest(index, type, true));
  TRY(destination->finish());
  return index.digest;
}

}  // namespace creel::engine::transfer
