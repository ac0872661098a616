#include "engine/volume/volume.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "rootless/userns.h"
#include "storage/volume_removal.h"

namespace creel::engine {

namespace {

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

struct RemoveTree {
  std::string parent, name;
};

// Runs inside the user namespace: a volume's files belong to any of the container's IDs.
Result<void> remove_inside(void* argument) {
  const auto* tree = static_cast<const RemoveTree*>(argument);
  auto parent = open_file(tree->parent, O_RDONLY | O_DIRECTORY);
  if (!parent.ok()) return parent.error().err == ENOENT ? Result<void>() : Result<void>(std::move(parent).error());
  return remove_tree_at(parent->get(), tree->name);
}

}  // namespace

Result<void> check_volume_name(const std::string& name) {
  const bool good =
      !name.empty() && name.size() <= 255 && is_alnum(name.front()) &&
      std::all_of(name.begin(), name.end(), [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
  if (good) return {};
  return fail(
      Code::kInvalid,
      "running volume create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument: \"" + name + "\"");
}

Result<std::string> ensure_volume_directory(Engine& engine, const std::string& name) {
  const std::string data = engine.paths().volume_data(name);
  struct stat info {};
  if (stat(data.c_str(), &info) == 0) return data;
  TRY(make_dirs(engine.paths().volume(name), 0700));
  // The umask must not decide who may enter a volume.
  if (mkdir(data.c_str(), 0755) != 0 && errno != EEXIST) return errno_error("making volume directory " + data);
  if (chmod(data.c_str(), 0755) != 0) return errno_error("making volume directory " + data);
  return data;
}

Result<void> remove_volume(Engine& engine, const std::string& name) {
  TRY(check_volume_name(name));
  // Out of the way in one transaction with the question whether anybody uses it: no container can begin to use what is
  // being deleted.
  TRY(engine.store(storage::Store::Access::kWrite));
  TRY_SET(const storage::BuriedVolume buried, storage::BuriedVolume::bury(engine.paths(), name));
  RemoveTree tree{buried.parent(), buried.name()};
  auto outside = remove_inside(&tree);
  if (outside.ok() || !engine.rootless()) return outside;
  return rootless::run_inside(engine.identity(), engine.paths().runtime, remove_inside, &tree);
}

}  // namespace creel::engine
