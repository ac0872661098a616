#include "engine/volume/volume.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/names.h"
#include "engine/event/event.h"
#include "rootless/userns.h"
#include "storage/volume_removal.h"

namespace creel::engine {

namespace {

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

struct Ownership {
  std::string path;
  std::uint32_t uid, gid;
};

// Runs inside the user namespace: the numbers are those of containers.
Result<void> give_inside(void* argument) {
  const auto* owner = static_cast<const Ownership*>(argument);
  TRY_SET(const Fd dir, open_file(owner->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (fchown(dir.get(), owner->uid, owner->gid) != 0) {
    return errno_error("chown to " + std::to_string(owner->uid) + ":" + std::to_string(owner->gid));
  }
  return {};
}

std::uint32_t id_of(const VolumeOptions& options, const char* key) {
  const auto found = options.find(key);
  if (found == options.end()) return 0;
  auto number = parse_int(found->second, key);
  return number.ok() ? static_cast<std::uint32_t>(*number) : 0;
}

}  // namespace

Result<void> check_volume_name(const std::string& name) {
  if (is_valid_name(name)) return {};
  return fail(
      Code::kInvalid,
      "running volume create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument: \"" + name + "\"");
}

Result<std::string> ensure_volume_directory(Engine& engine, const std::string& name, const VolumeOptions& options) {
  const std::string data = engine.paths().volume_data(name);
  struct stat info {};
  if (stat(data.c_str(), &info) == 0) return data;
  TRY(make_dirs(engine.paths().volume(name), 0700));
  // The umask must not decide who may enter a volume.
  if (mkdir(data.c_str(), 0755) != 0 && errno != EEXIST) return errno_error("making volume directory " + data);
  if (chmod(data.c_str(), 0755) != 0) return errno_error("making volume directory " + data);
  Ownership owner{data, id_of(options, "UID"), id_of(options, "GID")};
  if (owner.uid != 0 || owner.gid != 0) {
    auto given = rootless::run_inside(engine.identity(), engine.paths().runtime, give_inside, &owner);
    if (!given.ok()) return std::move(given).error().within("giving volume " + name + " to its user");
  }
  return data;
}

Result<void> remove_volume(Engine& engine, const std::string& name) {
  TRY(check_volume_name(name));
  // Out of the way in one transaction with the question whether anybody uses it: no container can begin to use what is
  // being deleted.
  TRY(engine.store(storage::Store::Access::kWrite));
  TRY_SET(const storage::BuriedVolume buried, storage::BuriedVolume::bury(engine.paths(), name));
  Event event;
  event.type = "volume";
  event.status = "remove";
  event.name = name;
  record_events(engine, {event});
  RemoveTree tree{buried.parent(), buried.name()};
  auto outside = remove_inside(&tree);
  if (outside.ok() || !engine.rootless()) return outside;
  return rootless::run_inside(engine.identity(), engine.paths().runtime, remove_inside, &tree);
}

}  // namespace creel::engine
