// The files of a container, read: the changes that an overlay's upper directory holds, as a layer tells them, or the
// whole tree that stacked directories make. In an order that names alone decide.
//
// Everything is opened beneath the given directories by descriptor (RESOLVE_BENEATH, no symbolic links); containers may
// change the tree meanwhile: what vanishes is left out, what changes while it is read is as long as it was when it was
// opened. Runs inside the engine's user namespace (or as root), where owners on disk are the container's. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "storage/unpack/entry.h"

namespace creel::storage::pack {

class Walk {
 public:
  enum class Mode : std::uint8_t {
    kChanges,  // of one directory; what it takes away from those below appears as ".wh.NAME" and ".wh..wh..opq"
    kWhole,    // what is seen through all of them
  };
  // An entry and, for a regular file, its content, open for reading.
  using Visit = std::function<Result<void>(const unpack::Entry& entry, int content)>;

  // `roots`: top first. `user_xattr`: as in unpack::Options.
  Walk(std::vector<Fd> roots, Mode mode, bool user_xattr)
      : roots_(std::move(roots)), mode_(mode), overlay_prefix_(user_xattr ? "user.overlay." : "trusted.overlay.") {}
  // Paths ("etc/hosts") that are left out where they are empty files or empty directories: what an engine makes to
  // mount something on.
  void leave_out(std::vector<std::string> paths) { left_out_ = std::move(paths); }
  // Parents before what is in them. Errors: errno, with the path; kUnsupported for what the overlay only points to;
  // `visit`'s own.
  Result<void> run(const Visit& visit);
  // Names that a layer cannot hold (a file called ".wh.x"), left out by run().
  [[nodiscard]] const std::vector<std::string>& skipped() const { return skipped_; }

 private:
  using Entry = unpack::Entry;
  struct Name;
  struct Opened;
  Result<void> directory(const std::string& path, const std::vector<std::size_t>& layers, const Visit& visit);
  Result<void> read_names(const Opened& opened, std::map<std::string, Name>& names) const;
  Result<void> one(const std::string& path, int dir, const std::string& name, const Visit& visit);
  Result<void> mark(const std::string& path, const Visit& visit);
  [[nodiscard]] bool has_mark(int fd, const char* attribute, char value) const;
  [[nodiscard]] bool is_left_out(const std::string& path, bool empty) const;

  std::vector<Fd> roots_;
  Mode mode_;
  std::string overlay_prefix_;
  std::vector<std::string> left_out_, skipped_;
  // The first name of each file with several.
  std::map<std::pair<dev_t, ino_t>, std::string> links_;
};

}  // namespace creel::storage::pack
