#include <algorithm>

#include "base/text.h"
#include "engine/container/container.h"
#include "engine/image/family.h"
#include "engine/image/image.h"
#include "engine/image/name_match.h"
#include "engine/mounts.h"
#include "rootless/userns.h"

namespace creel::engine {

namespace {

using storage::ImageRecord;

// Layers hold files of subordinate IDs, which only root of the user namespace may delete. A store of its own: SQLite
// handles do not survive a fork.
Result<void> collect_inside(void* argument) {
  const auto* paths = static_cast<const storage::Paths*>(argument);
  TRY_SET(auto store, storage::Store::open(*paths, storage::Store::Access::kWrite));
  TRY(store->collect_garbage());
  return {};
}

Result<void> collect_garbage(Engine& engine) {
  storage::Paths paths = engine.paths();
  return rootless::run_inside(engine.identity(), paths.runtime, collect_inside, &paths);
}

std::vector<std::string> users_of(const std::vector<storage::ContainerRecord>& containers,
                                  const std::string& image_id) {
  std::vector<std::string> out;
  for (const auto& container : containers) {
    if (container.image_id == image_id) out.push_back(container.id);
  }
  return out;
}

// What `image` stands on, nearest first, as far as each has no name, carries nothing but this and no container uses it.
std::vector<std::string> needless_ancestors(const std::vector<ImageRecord>& images, const ImageRecord& image,
                                            const std::vector<storage::ContainerRecord>& containers) {
  const ImageFamily family(images);
  std::vector<std::string> out;
  for (const ImageRecord* below = family.parent(image); below != nullptr; below = family.parent(*below)) {
    if (!below->names.empty() || !users_of(containers, below->id).empty()) break;
    // Of those that stand on it, only what goes anyway.
    if (family.descendants(*below).size() > out.size() + 1) break;
    out.push_back(below->id);
  }
  return out;
}

Result<void> remove_one(Engine& engine, const std::string& text, const RemoveImageOptions& options, RemovedImage& out) {
  TRY_SET(ImageRecord image, find_image(engine, text));
  if (!options.platforms.empty()) {
    bool meant = false;
    for (const std::string& platform : options.platforms) {
      auto found = find_image_of(engine, "sha256:" + image.id, platform);
      if (!found.ok() && found.error().code != Code::kNotFound) return std::move(found).error();
      meant = meant || (found.ok() && found->id == image.id);
    }
    if (!meant) return fail(Code::kNotFound, text + ": image not known for platform " + join(options.platforms, ", "));
  }
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  const std::string name = name_meant(image, text);
  if (!name.empty() && image.names.size() > 1) {
    TRY(store->untag_image(name));
    out.untagged.push_back(name);
    return {};
  }
  if (name.empty() && image.names.size() > 1 && !options.force) {
    return fail(Code::kInUse, "unable to delete image \"" + image.id + "\" by ID with more than one tag (" + "[" +
                                  join(image.names, " ") + "]): please force removal");
  }
  TRY_SET(auto containers, store->containers());
  for (const std::string& id : users_of(containers, image.id)) {
    if (!options.force) {
      return fail(Code::kInUse, "image used by " + id +
                                    ": image is in use by a container: consider listing external "
                                    "containers and force-removing image");
    }
    TRY(remove(engine, id, RemoveOptions{.force = true, .volumes = false, .timeout = {}}));
  }
  std::vector<std::string> ancestors;
  if (options.prune) {
    TRY_SET(const std::vector<ImageRecord> images, store->images());
    ancestors = needless_ancestors(images, image, containers);
  }
  TRY(store->remove_image(image.id));
  // As Podman does: who has mounted it has lost it.
  TRY(unmount_removed_image(engine, image.id));
  out.untagged.insert(out.untagged.end(), image.names.begin(), image.names.end());
  out.deleted.push_back(image.id);
  for (const std::string& id : ancestors) {
    // Another has begun to use it, or removed it: either is fine.
    if (store->remove_image(id).ok()) out.deleted.push_back(id);
  }
  return {};
}

}  // namespace

Result<RemovedImage> remove_image(Engine& engine, const std::string& name, const RemoveImageOptions& options) {
  RemovedImage out;
  TRY(remove_one(engine, name, options, out));
  if (!out.deleted.empty()) TRY(collect_garbage(engine));
  return out;
}

Result<RemovedImage> remove_all_images(Engine& engine, bool force) {
  RemovedImage out;
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  TRY_SET(std::vector<ImageRecord> images, store->images());
  TRY_SET(auto containers, store->containers());
  std::optional<Error> first;
  for (const ImageRecord& image : images) {
    if (!force && !users_of(containers, image.id).empty()) {
      if (!first) {
        first = fail(Code::kInUse,
                     "image used by " + users_of(containers, image.id).front() + ": image is in use by a container");
      }
      continue;
    }
    auto removed = remove_one(engine, "sha256:" + image.id, {.force = true, .prune = false}, out);
    // Somebody else may have removed it meanwhile: what was asked for is so.
    if (!removed.ok() && removed.error().code != Code::kNotFound) {
      if (!first) first = std::move(removed).error();
    }
  }
  if (!out.deleted.empty()) TRY(collect_garbage(engine));
  if (first && out.deleted.empty()) return std::move(*first);
  return out;
}

}  // namespace creel::engine
