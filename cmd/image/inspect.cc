#include "cmd/image/inspect.h"

#include <nlohmann/json.hpp>

#include "cmd/output/inspection.h"
#include "engine/image/image.h"

namespace creel::cmd {

void ImageInspectCommand::declare(Flags& flags) {
  flags.value("-f,--format", format_, "string", "Print by a Go template");
  flags.arguments(arguments_);
}

Result<int> ImageInspectCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  Inspection inspection(format_);
  for (const std::string& name : arguments_) inspection.add(engine::inspect_image(engine, name));
  return inspection.print();
}

}  // namespace creel::cmd
