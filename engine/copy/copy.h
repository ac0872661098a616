// cp: files between the host and containers, running or not. Runs as the caller; the container's side is Inside's, the
// host's side has the caller's own rights. Not thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/engine.h"

namespace creel::engine::copy {

struct Place {
  std::string container;  // empty: the host
  std::string path;       // "-": a tar stream on stdin or stdout
};
// "CONTAINER:PATH", "PATH", "-"; what begins with "/" or "." is the host's.
Place parse_place(const std::string& text);

struct CopyOptions {
  bool archive = true;     // into a container: what is made is its user's; false: owners as they were
  bool overwrite = false;  // directories with files, files with directories
};
// docker-cp(1), SRC_PATH and DEST_PATH. kNotFound: container or path. kInvalid: what cannot be copied onto what.
Result<void> copy(Engine& engine, const Place& from, const Place& to, const CopyOptions& options);

// `volume export` and `volume import`: a tar stream of all that is in it.
Result<void> export_volume(Engine& engine, const std::string& name, int to);
Result<void> import_volume(Engine& engine, const std::string& name, int from);

}  // namespace creel::engine::copy
