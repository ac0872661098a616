#include "storage/erase.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "storage/names.h"
#include "storage/store.h"

namespace creel::storage {

Result<void> erase_store(const Paths& paths) {
  auto opened = open_file(paths.store, O_RDONLY | O_DIRECTORY);
  if (!opened.ok()) return opened.error().err == ENOENT ? Result<void>() : Result<void>(std::move(opened).error());
  const Fd dir = std::move(*opened);
  if (!path_exists(paths.marker())) return {};
  // What the marker says is read there: another's is refused.
  TRY(Store::open(paths, Store::Access::kRead));
  TRY_SET(const FileLock writer, FileLock::acquire_at(dir.get(), "writer.lock"));
  TRY(remove_tree_at(dir.get(), "secrets"));
  // From here on it is no store, and what is left is as of one that is being made.
  TRY(remove_tree_at(dir.get(), kMarkerName));
  TRY_SET(const std::vector<std::string> names, list_dir(dir.get()));
  for (const std::string& name : names) {
    if (name.starts_with("db.sqlite")) TRY(remove_tree_at(dir.get(), name));
  }
  for (const std::string& name : names) {
    if (is_top_name(name) && name != "writer.lock") TRY(remove_tree_at(dir.get(), name));
  }
  TRY(remove_tree_at(dir.get(), "writer.lock"));
  (void)rmdir(paths.store.c_str());  // what others have put there stays
  return {};
}

}  // namespace creel::storage
