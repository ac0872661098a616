#include "engine/image/transfer/endpoint.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/file.h"
#include "engine/image/transfer/endpoint_registry.h"
#include "engine/image/transfer/local_destination.h"
#include "engine/image/transfer/local_source.h"

namespace creel::engine::transfer {

namespace archive = registry::archive;
using registry::Location;
using registry::Transport;

namespace {

Result<Fd> open_directory(const std::string& path) {
  if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return errno_error("making directory " + path);
  return open_file(path, O_RDONLY | O_DIRECTORY);
}

// A name that a destination is given, as those that read it want it.
Result<std::vector<std::string>> names_of(const Location& location) {
  std::vector<std::string> out;
  if (location.reference.empty()) return out;
  if (location.reference.starts_with('@')) {
    return fail(Code::kInvalid, "writing to " + location.text() + ": " + location.reference + " is not a name");
  }
  out.push_back(location.reference);
  if (location.transport == Transport::kDockerArchive) {
    TRY_SET(const Reference reference, parse_reference(location.reference));
    if (!reference.digest.empty()) {
      return fail(Code::kInvalid, "writing to " + location.text() + ": an archive takes no digest");
    }
    out.front() = reference.text();
  }
  return out;
}

}  // namespace

Result<std::vector<registry::oci::Referrer>> ImageSource::referrers(const Digest&) {
  return std::vector<registry::oci::Referrer>();
}

Result<std::unique_ptr<ImageSource>> open_source(Engine& engine, const Location& location,
                                                 const RegistryOptions& options) {
  if (location.transport == Transport::kRegistry) return registry_source(location, options);
  if (location.transport == Transport::kContainersStorage) return storage_source(location, engine.rootless());
  TRY_SET(Fd fd, open_file(location.path, O_RDONLY));
  TRY_SET(const Files files, open_files(engine, std::move(fd), location.path));
  if (location.transport == Transport::kDir) return directory_source(files);
  if (location.transport != Transport::kDockerArchive) return layout_source(files, location.path, location.reference);
  TRY_SET(auto images, archive::read_docker_archive(*files, location.path));
  TRY_SET(auto image, choose_docker_image(std::move(images), location.reference, location.path));
  return docker_archive_source(std::move(image), location.path);
}

Result<std::unique_ptr<ImageDestination>> open_destination(Engine& engine, const Location& location,
                                                           const RegistryOptions& options) {
  if (location.transport == Transport::kRegistry) return registry_destination(engine, location, options);
  if (location.transport == Transport::kContainersStorage) {
    return fail(Code::kUnsupported, "writing to " + location.text() + ": another engine's store is only read")
        .with_hint("write an archive, and let that engine load it");
  }
  TRY_SET(auto names, names_of(location));
  std::unique_ptr<LocalDestination> out;
  if (location.transport == Transport::kOci || location.transport == Transport::kDir) {
    TRY_SET(Fd dir, open_directory(location.path));
    TRY_SET(out, location.transport == Transport::kOci ? layout_directory(std::move(dir), location.path)
                                                       : image_directory(std::move(dir), location.path));
  } else {
    TRY_SET(ArchiveOutput output, open_output(location.path));
    out = location.transport == Transport::kOciArchive ? layout_archive(std::move(output))
                                                       : docker_archive(engine, std::move(output));
  }
  out->names = std::move(names);
  return std::unique_ptr<ImageDestination>(std::move(out));
}

}  // namespace creel::engine::transfer
