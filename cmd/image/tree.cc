#include "cmd/image/tree.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "engine/image/family.h"
#include "engine/image/image.h"

namespace creel::cmd {
namespace {

using engine::ImageFamily;
using storage::ImageRecord;

// "2.14MB", four digits at most, as this command alone prints sizes.
std::string size_text(std::int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  char text[64];
  std::snprintf(text, sizeof text, "%.4g%s", value, kUnits[unit]);
  return text;
}

std::string layer_line(const std::string& id, std::int64_t size, const std::vector<std::string>& tops) {
  char text[64];
  std::snprintf(text, sizeof text, "ID: %s Size: %7s", id.substr(0, 12).c_str(), size_text(size).c_str());
  return text + (tops.empty() ? std::string() : " Top Layer of: [" + join(tops, " ") + "]");
}

class Printer {
 public:
  Printer(storage::Store& store, const std::vector<ImageRecord>& images) : store_(store), family_(images) {}

  using Group = std::vector<const ImageRecord*>;
  // The layers of `images` from number `at` on, below which all of them have the same.
  Result<void> layers(const Group& images, std::size_t at, const std::string& indent) {
    std::vector<Group> branches;
    for (const ImageRecord* image : images) {
      if (image->diff_ids.size() <= at) continue;
      const auto same = std::find_if(branches.begin(), branches.end(), [&](const Group& branch) {
        return branch.front()->diff_ids[at] == image->diff_ids[at];
      });
      if (same == branches.end()) {
        branches.push_back({image});
      } else {
        same->push_back(image);
      }
    }
    for (std::size_t i = 0; i < branches.size(); ++i) {
      const Group& branch = branches[i];
      const bool goes_on = std::any_of(branch.begin(), branch.end(),
                                       [&](const ImageRecord* image) { return image->diff_ids.size() > at + 1; });
      const bool alone = branches.size() == 1;
      const bool last = i + 1 == branches.size() && !(alone && goes_on);
      TRY_SET(const std::string text, line(*branch.front(), at));
      std::printf("%s%s%s\n", indent.c_str(), last ? "└── " : "├── ", text.c_str());
      // What has no siblings stays in the same column.
      TRY(layers(branch, at + 1, alone ? indent : indent + (last ? "    " : "│   ")));
    }
    return {};
  }
  Result<void> built_on(const ImageRecord& image) {
    Group all = family_.descendants(image);
    all.insert(all.begin(), &image);
    return layers(all, image.diff_ids.empty() ? 0 : image.diff_ids.size() - 1, {});
  }

 private:
  Result<std::string> line(const ImageRecord& image, std::size_t at) {
    TRY_SET(const auto layer, store_.layer(image.diff_ids[at]));
    std::vector<std::string> names;
    for (const ImageRecord* one : family_.topped(image, at + 1)) {
      names.insert(names.end(), one->names.begin(), one->names.end());
    }
    return layer_line(image.diff_ids[at].hex(), layer ? layer->size : 0, names);
  }

  storage::Store& store_;
  const ImageFamily family_;
};

}  // namespace

void TreeCommand::declare(Flags& flags) {
  flags.flag("--whatrequires", what_requires_, "Show what was built on the image, instead of what it was built on");
  flags.arguments(arguments_);
}

Result<int> TreeCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const ImageRecord image, engine::find_image_of(engine, arguments_[0]));
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const std::vector<ImageRecord> images, store->images());
  std::printf("Image ID: %s\nTags:     [%s]\nSize:     %s\n", image.id.substr(0, 12).c_str(),
              join(image.names, " ").c_str(), size_text(image.size).c_str());
  std::puts(image.diff_ids.empty() ? "No Image Layers" : "Image Layers");
  Printer printer(*store, images);
  TRY(what_requires_ ? printer.built_on(image) : printer.layers({&image}, 0, {}));
  std::puts("");
  return 0;
}

}  // namespace creel::cmd
