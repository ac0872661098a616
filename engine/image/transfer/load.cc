// load: all images of an archive or a directory.
#include <sys/stat.h>

#include <algorithm>

#include "engine/image/transfer/local_source.h"
#include "engine/image/transfer/receive.h"
#include "registry/archive/layout_index.h"

namespace creel::engine::transfer {

namespace archive = registry::archive;
namespace oci = registry::oci;

namespace {

Result<std::vector<std::unique_ptr<ImageSource>>> sources_of(const Files& files, archive::Kind kind,
                                                             const std::string& path) {
  std::vector<std::unique_ptr<ImageSource>> out;
  if (kind == archive::Kind::kDirectory) {
    out.push_back(directory_source(files));
  } else if (kind == archive::Kind::kDockerArchive) {
    TRY_SET(auto images, archive::read_docker_archive(*files, path));
    for (archive::DockerImage& image : images) {
      TRY_SET(auto source, docker_archive_source(std::move(image), path));
      out.push_back(std::move(source));
    }
  } else {
    TRY_SET(const std::string bytes, archive::read_named(*files, "index.json", oci::kMaxManifestBytes, path));
    auto index = archive::LayoutIndex::parse(bytes);
    if (!index.ok()) return std::move(index).error().within(path);
    if (index->entries().empty()) return fail(Code::kInvalid, path + ": there is no image in it");
    // By their numbers: an image may have several names, and none at all.
    for (std::size_t i = 0; i < index->entries().size(); ++i) {
      TRY_SET(auto source, layout_source(files, path, "@" + std::to_string(i)));
      out.push_back(std::move(source));
    }
  }
  return out;
}

// As policies call it, when it lies at `real_path`.
Result<Trust::Place> place_of(const Files& files, archive::Kind kind, bool is_directory, std::string real_path) {
  Trust::Place out{"docker-archive", std::move(real_path), {}, {}};
  if (kind == archive::Kind::kDirectory) {
    out.transport = "dir";
    TRY_SET(out.signatures, signatures_in(*files));
  } else if (kind != archive::Kind::kDockerArchive) {
    out.transport = is_directory ? "oci" : "oci-archive";
  }
  return out;
}

}  // namespace

Result<Loaded> load(Engine& engine, Fd fd, const std::string& path, const LoadOptions& options, Progress& progress) {
  TRY_SET(const Trust trust, Trust::open(engine, options.signature_policy));
  const std::string real_path = path_of(fd.get());
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return errno_error("reading " + path);
  TRY_SET(const Files files, open_files(engine, std::move(fd), path));
  TRY_SET(const archive::Kind kind, archive::kind_of(*files, path));
  TRY_SET(const Trust::Place place, place_of(files, kind, S_ISDIR(info.st_mode), real_path));
  TRY_SET(const auto sources, sources_of(files, kind, path));
  Loaded loaded;
  for (const auto& source : sources) {
    Reception how;
    how.platform = options.platform;
    how.that_platform = !options.platform.empty();
    how.names = source->names();
    for (const std::string& name : how.names) how.repositories.push_back(name.substr(0, name.rfind(':')));
    Trust::Place own = place;
    if (kind == archive::Kind::kDockerArchive && !how.names.empty()) own.name = how.names.front();
    how.allowed = trust.gate(std::move(own));
    auto id = receive(engine, *source, how, progress);
    if (!id.ok()) return std::move(id).error().within("loading " + path);
    if (how.names.empty()) loaded.names.push_back("sha256:" + *id);
    for (const std::string& name : how.names) {
      if (std::find(loaded.names.begin(), loaded.names.end(), name) == loaded.names.end()) loaded.names.push_back(name);
    }
  }
  return loaded;
}

}  // namespace creel::engine::transfer
