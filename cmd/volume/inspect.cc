#include "cmd/volume/inspect.h"

#include <nlohmann/json.hpp>

#include "cmd/output/inspection.h"
#include "cmd/volume/row.h"
#include "engine/volume/volume.h"

namespace creel::cmd {

void VolumeInspectCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Inspect all volumes");
  flags.value("-f,--format", format_, "string", "Print by a Go template");
  flags.arguments(arguments_);
}

Result<int> VolumeInspectCommand::run(Context& context) {
  if (all_ && !arguments_.empty()) return fail(Code::kInvalid, "cannot use --all and volume names at the same time");
  if (!all_ && arguments_.empty()) return fail(Code::kInvalid, "provide one or more volume names or use --all");
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  Inspection inspection(format_);
  if (all_) {
    TRY_SET(const auto volumes, engine::list_volumes(engine, {}));
    for (const storage::VolumeRecord& volume : volumes) inspection.add(volume_inspection(engine, volume, format_));
  }
  for (const std::string& name : arguments_) {
    auto found = engine::find_volume(engine, name);
    if (found) {
      inspection.add(volume_inspection(engine, *found, format_));
    } else if (found.error().code == Code::kNotFound) {
      inspection.add(fail(Code::kNotFound, "inspecting object: no such volume " + name));
    } else {
      inspection.add(std::move(found).error());
    }
  }
  return inspection.print();
}

}  // namespace creel::cmd
