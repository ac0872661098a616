#include "cmd/system/inspect.h"

#include <nlohmann/json.hpp>

#include "cmd/container/selection.h"
#include "cmd/output/inspection.h"
#include "cmd/volume/row.h"
#include "engine/container/container.h"
#include "engine/image/image.h"
#include "engine/image/obtain.h"
#include "engine/system/inside.h"
#include "engine/volume/volume.h"

namespace creel::cmd {
namespace {

Result<nlohmann::json> inspect_volume(engine::Engine& engine, const std::string& name, const std::string& format) {
  TRY_SET(const storage::VolumeRecord volume, engine::find_volume(engine, name));
  return volume_inspection(engine, volume, format);
}

Result<nlohmann::json> inspect_any(engine::Engine& engine, const std::string& name, const std::string& type, bool size,
                                   const std::string& format) {
  if (type == "volume") return inspect_volume(engine, name, format);
  if (type == "container") return engine::inspect(engine, name, size);
  if (type == "image") return engine::inspect_image(engine, name);
  auto container = engine::inspect(engine, name, size);
  if (container || container.error().code != Code::kNotFound) return container;
  auto image = engine::inspect_image(engine, name);
  if (image) return image;
  // A name that no image can have is simply no object: "inspect A:b:c".
  if (image.error().code == Code::kNotFound || image.error().code == Code::kInvalid) {
    auto volume = inspect_volume(engine, name, format);
    if (volume || volume.error().code != Code::kNotFound) return volume;
    return fail(Code::kNotFound, "no such object: \"" + name + "\"");
  }
  return image;
}

}  // namespace

void InspectAnyCommand::declare(Flags& flags) {
  flags.value("-f,--format", format_, "string", "Print by a Go template");
  flags.flag("-l,--latest", latest_, "The container that was created last");
  flags.flag("-s,--size", size_, "Show the total file size of a container");
  flags.value("-t,--type", type_, "string", "What to look for: all, container, image or volume")
      .choices({"all", "container", "image", "volume"});
  flags.arguments(arguments_);
}

Result<nlohmann::json> InspectAnyCommand::inspect_elsewhere(Context& context, const std::string&) {
  return exec_image_plane(context.argv);
}

Result<nlohmann::json> InspectAnyCommand::inspect(engine::Engine& engine, Context& context, const std::string& name) {
  auto here = inspect_any(engine, name, type_, size_, format_);
  // An image may be called as a location is: "dir:5".
  if (here.ok() || !engine::is_location(name) || (type_ != "all" && type_ != "image")) return here;
  return inspect_elsewhere(context, name);
}

Result<int> InspectAnyCommand::run(Context& context) {
  if (type_ == "network" || type_ == "pod" || type_ == "artifact") {
    return fail(Code::kUnsupported, "inspect --type " + type_ + " is not built yet");
  }
  if (type_ != "all" && type_ != "container" && type_ != "image" && type_ != "volume") {
    return fail(Code::kInvalid, "invalid type \"" + type_ + "\": must be one of all, container, image, volume");
  }
  if (latest_ && (!arguments_.empty() || type_ == "image" || type_ == "volume")) {
    return fail(Code::kInvalid, "--latest and arguments cannot be used together");
  }
  if (arguments_.empty() && !latest_) return fail(Code::kInvalid, "no names or ids specified");
  TRY_SET(engine::Engine engine, size_ ? engine::open_inside(context.global) : engine::Engine::open(context.global));
  if (latest_) {
    TRY_SET(const std::string latest, latest_container(engine));
    arguments_.push_back(latest);
  }
  Inspection inspection(format_);
  for (const std::string& name : arguments_) inspection.add(inspect(engine, context, name));
  return inspection.print();
}

}  // namespace creel::cmd
