// Entries become files. The whole of what a layer may do to a disk is here and in Tree.
// Runs with the rights of the engine's user namespace (or root's). Used by one thread.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "storage/unpack/entry.h"
#include "storage/unpack/overlay_marks.h"
#include "storage/unpack/tree.h"
#include "storage/unpack/unpack.h"

namespace creel::storage::unpack {

class Writer {
 public:
  Writer(Fd root, const Options& options);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // A later entry of the same name replaces the earlier one; a directory is kept and takes the new attributes.
  // `content` is asked for regular files only. Errors as unpack_layer's.
  Result<void> add(const Entry& entry, const Content& content);
  // After the last entry: owners, modes and times of directories. Set only now, since writing into a directory moves
  // its time, a read-only one keeps an unprivileged caller out, and a set-gid one hands its group down.
  Result<void> finish();

  // Bytes of regular files, by their sizes, hard links once: what `system check` compares.
  [[nodiscard]] Result<std::int64_t> tree_size() const;

 private:
  struct Place {
    int dir;           // the parent
    std::string name;  // in it
  };
  struct DirectoryAttributes {
    Owner owner;
    mode_t mode;
    timespec accessed;
    timespec modified;
  };
  // errno of making something at a place, 0 for success.
  using Make = std::function<int(int dir, const char* name)>;

  Result<Place> place(const std::string& path);
  Result<void> create(const Entry& entry, const Place& at, std::string_view action, const Make& make);
  Result<void> clear(const std::string& path, const Place& at);

  Result<void> add_root(const Entry& entry);
  Result<void> add_whiteout(const Entry& entry, const Place& at);
  Result<void> add_file(const Entry& entry, const Place& at, const Content& content);
  Result<void> add_directory(const Entry& entry, const Place& at);
  Result<void> add_symlink(const Entry& entry, const Place& at);
  Result<void> add_hard_link(const Entry& entry, const Place& at);
  Result<void> add_node(const Entry& entry, const Place& at);

  Result<void> write(int fd, const Entry& entry, const Content& content);
  Result<void> set_node_attributes(const Entry& entry);
  Result<void> set_file_attributes(int fd, const Entry& entry);
  Result<void> set_directory_attributes(const std::string& path, const DirectoryAttributes& attributes);
  Result<void> set_xattrs(int fd, const Entry& entry, std::string_view prefix);
  Result<void> set_owner(int fd, const char* name, const Owner& owner, const std::string& path);
  void remember(const Entry& entry);

  Options options_;
  OverlayMarks marks_;
  Tree tree_;
  Owner born_;  // who owns what this process creates
  std::int64_t tree_size_ = 0;
  bool recount_ = false;  // a directory was replaced, and nobody knows how much was in it
  std::map<std::string, DirectoryAttributes, std::less<>> directories_;
};

}  // namespace creel::storage::unpack
