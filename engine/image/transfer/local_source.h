// Sources that are files: OCI layouts, directories, docker-archives; a FileSet is any of them packed in a tar or as a
// directory. `label` names it where it cannot be opened. What the sources give is verified by who takes it, but for
// manifests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/image/transfer/endpoint.h"
#include "registry/archive/file_set.h"
#include "registry/archive/reader.h"

namespace creel::engine::transfer {

using Files = std::shared_ptr<const registry::archive::FileSet>;

// The image that `reference` names (LayoutIndex::find).
Result<std::unique_ptr<ImageSource>> layout_source(Files files, const std::string& label, const std::string& reference);
// skopeo's directory format; manifests of an index are beside it as HEX.manifest.json.
std::unique_ptr<ImageSource> directory_source(Files files);
// The archive has no manifest: one is made, the same for the same files.
Result<std::unique_ptr<ImageSource>> docker_archive_source(registry::archive::DockerImage image,
                                                           const std::string& label);
// The one of a docker-archive's images that a location's reference means: "" where there is one alone, a name, "@N".
Result<registry::archive::DockerImage> choose_docker_image(std::vector<registry::archive::DockerImage> images,
                                                           const std::string& reference, const std::string& label);

// containers-storage:, Podman's store. Its files belong to subordinate IDs: for the engine's user namespace (or root).
Result<std::unique_ptr<ImageSource>> storage_source(const registry::Location& location, bool rootless);

// Opens a file or directory as an archive of any kind; what is compressed or a pipe is spooled to the store's disk.
Result<Files> open_files(Engine& engine, Fd fd, const std::string& label);
// A nameless file on the store's disk, gone with its last descriptor.
Result<Fd> scratch_file(Engine& engine);

}  // namespace creel::engine::transfer
