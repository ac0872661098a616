// The images in an archive: docker-archive (manifest.json), OCI layout (oci-layout, index.json, blobs/), and skopeo's
// directory format (manifest.json beside blobs named by their digests). Which one it is, is told from the files in it.
// Pure reading; nothing is verified by hashing here: who copies the blobs does that.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "registry/archive/file_set.h"
#include "registry/oci/manifest.h"

namespace creel::registry::archive {

struct ArchivedImage {
  enum class Names : std::uint8_t {
    kDocker,  // RepoTags: a name without a registry is one of docker.io
    kLocal,   // an OCI layout's annotation: a name without a registry is one of this machine
  };
  std::vector<std::string> names;  // as written; hostile
  Names names_are = Names::kLocal;
  std::string manifest;    // its bytes; empty for docker-archive, which has none
  std::string media_type;  // of the manifest
  Member config;
  std::vector<Member> layers;  // bottom first
};

// `label` names the archive in errors. `wanted` chooses from a layout's nested index.
// kInvalid says what is missing or malformed; kNotFound: no image for that platform.
Result<std::vector<ArchivedImage>> read_images(const FileSet& files, const oci::Platform& wanted,
                                               const std::string& label);

// Opens `input`: a directory, a tar in a regular file, or anything else that can be read: compressed, or a pipe; that
// is first written, decompressed, to the file that `spool` makes.
Result<std::unique_ptr<FileSet>> open_archive(Fd input, const std::string& label,
                                              const std::function<Result<Fd>()>& spool);

}  // namespace creel::registry::archive
