#include "cmd/container/inspect.h"

#include <nlohmann/json.hpp>

#include "cmd/output/inspection.h"
#include "engine/container/container.h"
#include "engine/system/inside.h"

namespace creel::cmd {

void InspectCommand::declare(Flags& flags) {
  flags.value("-f,--format", format_, "string", "Print by a Go template");
  selection_.declare_latest(flags);
  flags.flag("-s,--size", size_, "Show the total file size");
  selection_.declare_names(flags);
}

Result<int> InspectCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, size_ ? engine::open_inside(context.global) : engine::Engine::open(context.global));
  TRY_SET(const std::vector<Target> targets, selection_.resolve(engine));
  Inspection inspection(format_);
  for (const Target& target : targets) inspection.add(engine::inspect(engine, target.name, size_));
  return inspection.print();
}

}  // namespace creel::cmd
