#include "cmd/image/mount.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/exit_code.h"
#include "cmd/output/mounts.h"
#include "engine/image/image.h"
#include "engine/mounts.h"

namespace creel::cmd {
namespace {

using storage::ImageRecord;

// The name, or the ID of an image that has none, as the list shows it.
std::string shown(const ImageRecord& image) {
  return image.names.empty() ? image.id.substr(0, 12) : image.names.front();
}

}  // namespace

void ImageMountCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Mount all images");
  flags.value("--format", format_, "string", "Print what is mounted as JSON: json");
  flags.arguments(arguments_);
}

Result<int> ImageMountCommand::run(Context& context) {
  if (all_ && !arguments_.empty()) {
    return fail(Code::kInvalid, "when using the --all switch, you may not pass any image names or IDs");
  }
  TRY(check_mount_format(format_));
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(engine::may_mount(engine, "image mount"));
  std::vector<MountRow> rows;
  if (all_ || !arguments_.empty()) {
    std::vector<ImageRecord> images;
    if (all_) {
      TRY_SET(images, engine::list_images(engine, {.all = true, .filters = {"manifest=false"}, .reference = {}, .shown = false}));
    }
    for (const std::string& name : arguments_) {
      TRY_SET(ImageRecord image, engine::find_image_of(engine, name));
      images.push_back(std::move(image));
    }
    for (const ImageRecord& image : images) {
      TRY_SET(std::string path, engine::mount_image(engine, image));
      rows.push_back({image.id, shown(image), {}, image.names, std::move(path)});
    }
    // Of one image the path alone, for `cd $(creel image mount IMAGE)`.
    if (rows.size() == 1 && !all_ && format_.empty()) {
      std::printf("%s\n", rows[0].path.c_str());
      return 0;
    }
  } else {
    TRY_SET(const auto mounted, engine::mounted_images(engine));
    for (const engine::MountedTree& tree : mounted) {
      auto image = engine::find_image(engine, "sha256:" + tree.id);
      if (image) rows.push_back({image->id, shown(*image), {}, image->names, tree.path});
    }
  }
  print_mounts(rows, format_);
  return 0;
}

void ImageUnmountCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Unmount all images");
  flags.flag("-f,--force", force_, "Unmount even while something in it is in use");
  flags.arguments(arguments_);
}

Result<int> ImageUnmountCommand::run(Context& context) {
  if (all_ && !arguments_.empty()) {
    return fail(Code::kInvalid, "when using the --all switch, you may not pass any image names or IDs");
  }
  if (!all_ && arguments_.empty()) return fail(Code::kInvalid, "image name or ID must be specified");
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(engine::may_mount(engine, "image unmount"));
  std::vector<std::string> names = arguments_;
  if (all_) {
    TRY_SET(const auto mounted, engine::mounted_images(engine));
    for (const engine::MountedTree& tree : mounted) names.push_back("sha256:" + tree.id);
  }
  int code = 0;
  for (const std::string& name : names) {
    auto image = engine::find_image_of(engine, name);
    auto done = image ? engine::unmount_image(engine, image->id, force_) : Result<bool>(image.error());
    if (done.ok()) {
      if (*done) std::printf("%s\n", image->id.c_str());
    } else {
      print_error(done.error());
      code = kExitEngine;
    }
  }
  return code;
}

}  // namespace creel::cmd
