#include "engine/system/usage.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/container/state.h"
#include "storage/usage.h"

namespace creel::engine {

namespace {

using Sizes = std::map<std::string, DiskUse>;

// The objects of an image, each once: {kind, name}.
using Objects = std::set<std::pair<char, std::string>>;
Objects objects_of(const storage::ImageRecord& image) {
  Objects out;
  for (const Digest& layer : image.diff_ids) out.insert({'l', layer.hex()});
  for (const Digest& blob : image.blobs) out.insert({'b', blob.hex()});
  out.insert({'i', image.id});
  return out;
}

std::int64_t take(Sizes& sizes, const std::string& name) {
  const auto found = sizes.find(name);
  if (found == sizes.end()) return 0;
  const std::int64_t blocks = found->second.blocks;
  sizes.erase(found);
  return blocks;
}

class Summing {
 public:
  explicit Summing(storage::StoreUse disk) : disk_(std::move(disk)) {}

  void images(std::vector<storage::ImageRecord> images, const std::map<std::string, std::int64_t>& users) {
    std::map<std::pair<char, std::string>, int> owners;
    Objects active;
    for (const storage::ImageRecord& image : images) {
      const Objects objects = objects_of(image);
      for (const auto& object : objects) ++owners[object];
      if (users.contains(image.id)) active.insert(objects.begin(), objects.end());
    }
    for (storage::ImageRecord& image : images) {
      ImageUse use;
      for (const auto& object : objects_of(image)) {
        const std::int64_t size = size_of(object);
        use.size += size;
        (owners[object] > 1 ? use.shared : use.unique) += size;
      }
      const auto used = users.find(image.id);
      use.containers = used == users.end() ? 0 : used->second;
      use.image = std::move(image);
      ++out_.all_images.total;
      out_.all_images.active += use.containers > 0 ? 1 : 0;
      out_.images.push_back(std::move(use));
    }
    for (const auto& [object, count] : owners) {
      const std::int64_t size = size_of(object);
      out_.all_images.size += size;
      if (!active.contains(object)) out_.all_images.reclaimable += size;
      sizes(object.first).erase(object.second);
    }
  }

  void container(Container container, std::int64_t volumes) {
    ContainerUse use;
    use.size = take(disk_.containers, container.record.id);
    use.volumes = volumes;
    UseSummary& sum = out_.all_containers;
    ++sum.total;
    sum.size += use.size;
    if (is_active(container.observed)) {
      ++sum.active;
    } else {
      sum.reclaimable += use.size;
    }
    use.container = std::move(container);
    out_.containers.push_back(std::move(use));
  }

  void volume(storage::VolumeRecord volume, std::int64_t users) {
    VolumeUse use{{}, take(disk_.volumes, volume.name), users};
    UseSummary& sum = out_.all_volumes;
    ++sum.total;
    sum.size += use.size;
    if (users > 0) {
      ++sum.active;
    } else {
      sum.reclaimable += use.size;
    }
    use.volume = std::move(volume);
    out_.volumes.push_back(std::move(use));
  }

  // All that was not taken.
  SystemUse finish() {
    UseSummary& sum = out_.leftovers;
    for (const Sizes* rest :
         {&disk_.blobs, &disk_.layers, &disk_.images, &disk_.containers, &disk_.volumes, &disk_.strange}) {
      for (const auto& [name, use] : *rest) {
        ++sum.total;
        sum.size += use.blocks;
        // Whose it is, nobody knows: it is not deleted.
        if (rest != &disk_.strange) sum.reclaimable += use.blocks;
      }
    }
    for (const auto& [name, staged] : disk_.staging) {
      ++sum.total;
      sum.size += staged.use.blocks;
      if (staged.alive) {
        ++sum.active;
      } else {
        sum.reclaimable += staged.use.blocks;
      }
    }
    for (const auto& [path, use] : disk_.strange) out_.strange.push_back(path);
    return std::move(out_);
  }

 private:
  Sizes& sizes(char kind) { return kind == 'l' ? disk_.layers : kind == 'b' ? disk_.blobs : disk_.images; }
  std::int64_t size_of(const std::pair<char, std::string>& object) {
    const Sizes& all = sizes(object.first);
    const auto found = all.find(object.second);
    return found == all.end() ? 0 : found->second.blocks;
  }

  storage::StoreUse disk_;
  SystemUse out_;
};

}  // namespace

Result<SystemUse> system_use(Engine& engine) {
  TRY_SET(storage::Store * store, engine.store());
  // Records last: what a command adds meanwhile is then no leftover of which nobody knows.
  TRY_SET(storage::StoreUse disk, storage::measure_store(engine.paths()));
  TRY_SET(std::vector<storage::ContainerRecord> containers, store->containers());
  TRY_SET(std::vector<storage::ImageRecord> images, store->images());
  TRY_SET(std::vector<storage::VolumeRecord> volumes, store->volumes());
  Summing summing(std::move(disk));
  std::map<std::string, std::int64_t> image_users, volume_users;
  for (storage::ContainerRecord& record : containers) {
    ++image_users[record.image_id];
    TRY_SET(const std::vector<std::string> used, store->container_volumes(record.id));
    for (const std::string& name : used) ++volume_users[name];
    Container container;
    container.observed = observe(engine, record.id);
    container.record = std::move(record);
    summing.container(std::move(container), std::ssize(used));
  }
  summing.images(std::move(images), image_users);
  for (storage::VolumeRecord& volume : volumes) {
    const std::int64_t users = volume_users[volume.name];
    summing.volume(std::move(volume), users);
  }
  return summing.finish();
}

}  // namespace creel::engine
