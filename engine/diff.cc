#include "engine/diff.h"

#include <algorithm>
#include <array>

#include "engine/container/container.h"
#include "engine/container/state.h"
#include "engine/image/image.h"

namespace creel::engine {
namespace {

// Directories and files that the engine itself puts into a container.
constexpr std::array kOwn = {"/dev", "/etc/hostname", "/etc/hosts",         "/etc/resolv.conf", "/proc",
                             "/run", "/run/notify",   "/run/.containerenv", "/run/secrets",     "/sys"};

struct Found {
  Layers::Stack all, below;
};

class Finder {
 public:
  Finder(Engine& engine, DiffOf kind) : engine_(engine), kind_(kind), layers(engine.rootless()) {}

  Result<Found> find(const std::string& name) {
    if (kind_ != DiffOf::kImage) {
      auto container = engine::find(engine_, name);
      if (container.ok()) return of_container(container->record.id);
      if (container.error().code != Code::kNotFound) return std::move(container).error();
      if (kind_ == DiffOf::kContainer) return fail(Code::kNotFound, name + " not found: container not known");
    }
    auto image = find_image_of(engine_, name);
    if (image.ok()) return of_image(*image);
    if (kind_ == DiffOf::kImage) return std::move(image).error().within(name + " not found");
    if (image.error().code != Code::kNotFound && image.error().code != Code::kInvalid) return std::move(image).error();
    return fail(Code::kNotFound, name + " not found: no such container or image");
  }

 private:
  Result<Found> of_container(const std::string& id) {
    TRY_SET(storage::Store * store, engine_.store());
    TRY_SET(const storage::ContainerRecord record, store->container(id));
    TRY_SET(const ContainerConfig config, config_of(record));
    if (!config.rootfs.empty()) {
      return fail(Code::kUnsupported, "container " + record.name + " runs in the directory " + config.rootfs +
                                          ", which has no layers to compare");
    }
    Found out;
    TRY_SET(out.below, stack(config.layers));
    TRY_SET(const std::size_t upper, layers.add(engine_.paths().container(record.id) + "/upper"));
    out.all = out.below;
    out.all.insert(out.all.begin(), upper);
    return out;
  }
  Result<Found> of_image(const storage::ImageRecord& image) {
    std::vector<std::string> names;
    for (const Digest& layer : image.diff_ids) names.push_back(layer.hex());
    Found out;
    TRY_SET(out.all, stack(names));
    out.below = out.all;
    if (!out.below.empty()) out.below.erase(out.below.begin());
    return out;
  }
  // `bottom_first` as DiffIDs.
  Result<Layers::Stack> stack(const std::vector<std::string>& bottom_first) {
    Layers::Stack out;
    for (auto layer = bottom_first.rbegin(); layer != bottom_first.rend(); ++layer) {
      TRY_SET(const std::size_t number, layers.add(engine_.paths().layer(*layer)));
      out.push_back(number);
    }
    return out;
  }

  Engine& engine_;
  const DiffOf kind_;

 public:
  Layers layers;
};

}  // namespace

Result<std::vector<Change>> diff(Engine& engine, DiffOf kind, const std::string& name, const std::string& other) {
  Finder finder(engine, kind);
  TRY_SET(Found found, finder.find(name));
  if (!other.empty()) {
    TRY_SET(Found against, finder.find(other));
    found.below = std::move(against.all);
  }
  TRY_SET(std::vector<Change> out, changes(finder.layers, found.all, found.below));
  std::erase_if(out, [](const Change& one) {
    return std::any_of(kOwn.begin(), kOwn.end(), [&](const char* own) { return one.path == own; });
  });
  return out;
}

}  // namespace creel::engine
