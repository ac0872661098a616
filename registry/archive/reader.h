// Opening an archive and telling what it is: a docker-archive (manifest.json, a list), an OCI layout (oci-layout,
// index.json, blobs/), or skopeo's directory format (manifest.json beside blobs named by their digests). Pure reading;
// nothing is verified by hashing here: who copies the blobs does that.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "registry/archive/file_set.h"

namespace creel::registry::archive {

// Opens `input`: a directory, a tar in a regular file, or anything else that can be read: compressed, or a pipe; that
// is first written, decompressed, to the file that `spool` makes.
Result<std::unique_ptr<FileSet>> open_archive(Fd input, const std::string& label,
                                              const std::function<Result<Fd>()>& spool);

enum class Kind : std::uint8_t { kLayout, kDockerArchive, kDirectory };
// `label` names the archive in errors, here and below. Docker writes a layout and a docker-archive in one; what has
// the manifests is the richer one. kInvalid: it is none of them.
Result<Kind> kind_of(const FileSet& files, const std::string& label);

// An image of a docker-archive, which has no manifests and no digests of layers.
struct DockerImage {
  std::vector<std::string> names;  // RepoTags as written; hostile
  Member config;
  std::vector<Member> layers;  // bottom first
};
// All of them, at least one. kInvalid says what is missing or malformed.
Result<std::vector<DockerImage>> read_docker_archive(const FileSet& files, const std::string& label);

// A file that must be there, whole. `limit` in bytes. `label` may be empty.
Result<std::string> read_named(const FileSet& files, const std::string& name, std::int64_t limit,
                               const std::string& label);

}  // namespace creel::registry::archive
