// The directories of a tree that is being unpacked, by name, and never anything outside of it.
// Runs with the rights of the engine's user namespace (or root's), on names chosen by an attacker. Used by one thread.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "storage/unpack/overlay_marks.h"

namespace creel::storage::unpack {

class Tree {
 public:
  enum class Missing { kCreate, kFail };

  // `marks` must outlive the tree.
  Tree(Fd root, const OverlayMarks& marks) : root_(std::move(root)), marks_(marks) {}
  [[nodiscard]] int root() const { return root_.get(); }

  // The directory `path` (clean; empty is the root). Missing ones are made 0755 if asked for, those in place of a
  // whiteout opaque. The descriptor stays valid until forget() or kKept - 1 further calls. Errors: kInvalid names
  // `path` (a component is no directory, too many links, too deep); errno, ENOENT among them.
  Result<int> directory(std::string_view path, Missing missing);

  // To be called after a directory or symbolic link was removed or replaced: descriptors may be of what is gone.
  void forget() { kept_.clear(); }

  static constexpr std::size_t kKept = 8;

 private:
  Result<Fd> open(const std::string& path, Missing missing);
  Result<Fd> walk(const std::string& path, Missing missing);
  Result<void> make(int dir, const std::string& name, const std::string& path);

  Fd root_;
  const OverlayMarks& marks_;
  std::list<std::pair<std::string, Fd>> kept_;  // last used first
  bool openat2_works_ = true;
};

}  // namespace creel::storage::unpack
