#include "cmd/volume/create.h"

#include <cstdio>

#include "base/text.h"
#include "engine/volume/volume.h"

namespace creel::cmd {
namespace {

Result<void> take_id(std::int64_t id, const char* key, engine::VolumeOptions& options) {
  if (id == engine::kNotGiven) return {};
  if (id < 0 || id > UINT32_MAX)
    return fail(Code::kInvalid, std::string(key) + " " + std::to_string(id) + ": not an ID of a user or group");
  options[key] = std::to_string(id);
  return {};
}

}  // namespace

void VolumeCreateCommand::declare(Flags& flags) {
  flags.value("-d,--driver", driver_, "name", "Driver of the volume: local").choices({"local"});
  flags.integer("--gid", gid_, "gid", "Group that the volume belongs to, as containers see it");
  flags.flag("--ignore", ignore_, "A volume of that name that exists is no error");
  flags.list("-l,--label", labels_, "key=value", "Set a label");
  flags.value("--name", name_, "name", "Name of the volume, as Docker takes it").hidden();
  flags.list("-o,--opt", options_, "key=value", "Set an option of the driver: type, device or o, as for mount(8)");
  flags.integer("--uid", uid_, "uid", "User that the volume belongs to, as containers see it");
  flags.arguments(arguments_);
}

Result<int> VolumeCreateCommand::run(Context& context) {
  if (driver_ != "local") {
    return fail(Code::kUnsupported, "volume driver \"" + driver_ + "\": there is no driver but \"local\"");
  }
  engine::VolumeRequest request;
  request.name = name_;
  if (!arguments_.empty()) {
    if (!name_.empty()) return fail(Code::kInvalid, "conflicting options: cannot specify a volume name through both --name and as a positional arg");
    request.name = arguments_[0];
  }
  TRY_SET(request.options, engine::parse_volume_options(options_));
  TRY(take_id(uid_, "UID", request.options));
  TRY(take_id(gid_, "GID", request.options));
  for (const std::string& label : labels_) {
    Cut pair = cut(label, '=');
    request.labels[pair.before] = pair.after;
  }
  request.ignore = ignore_;
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::string name, engine::create_volume(engine, request));
  std::printf("%s\n", name.c_str());
  return 0;
}

}  // namespace creel::cmd
