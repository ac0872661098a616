// Destinations that are files. The same images in the same order give the same bytes, whatever order their blobs come
// in.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/fd.h"
#include "engine/image/transfer/endpoint.h"

namespace creel::engine::transfer {

struct LocalDestination : ImageDestination {
  std::vector<std::string> names;  // what the next top manifest is called; may be several
  [[nodiscard]] bool takes(const std::string&) const override { return true; }
};

// Where an archive goes: a descriptor that stays the caller's, one that is ours, or a file that appears at the end.
struct ArchiveOutput {
  int fd = -1;
  Fd own;
  std::optional<AtomicFile> file;
  [[nodiscard]] int descriptor() const;
  // When all is written.
  Result<void> publish() { return file ? file->commit() : Result<void>(); }
};
// A device or a pipe is written as it is. kInvalid: a directory.
Result<ArchiveOutput> open_output(const std::string& path);
// The blobs that came since the last manifest are kept open until the next one, and written then.
std::unique_ptr<LocalDestination> layout_archive(ArchiveOutput output);
// Layers become plain tars, named by their DiffIDs. No index: kUnsupported.
std::unique_ptr<LocalDestination> docker_archive(Engine& engine, ArchiveOutput output);

// What is in an OCI layout stays in it. kInvalid: the directory holds something else.
Result<std::unique_ptr<LocalDestination>> layout_directory(Fd dir, const std::string& label);
// skopeo's directory format; another image in the directory is replaced. kInvalid: the directory holds something else.
Result<std::unique_ptr<LocalDestination>> image_directory(Fd dir, const std::string& label);

}  // namespace creel::engine::transfer
